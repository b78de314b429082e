"""The pages beside the endpoints: those of everyone, and those of operators on the service's port or their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import VERSION
from gateway.api.application import Application
from gateway.api.pages import docs, health, metrics_page, problem_pages, status
from gateway.api.pages.metrics_page import OwnPort
from gateway.api.pages.openapi.document import document
from gateway.api.routes import register, register_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.auth.principal import Method
    from gateway.resources.resource import Resource
    from gateway.settings.service import ServiceSettings
    from gateway.telemetry.instruments import Instruments


def add_public_pages(
    app: Application,
    service: ServiceSettings,
    resources: Sequence[Resource],
    methods: Sequence[Method],
    checks: Mapping[str, health.Check],
) -> None:
    described = document(
        version=VERSION,
        resources=resources,
        methods=methods,
        max_items=service.max_batch_items,
        public_url=service.public_url,
    )
    # Reasons name hosts, paths and users; they are for who may read the metrics.
    shown = health.without_details(checks) if service.metrics == "port" else checks
    register(
        app,
        [health.blueprint(shown), problem_pages.blueprint(), docs.blueprint(described, with_page=service.docs_page)],
    )


def add_operators_pages(
    app: Application, service: ServiceSettings, instruments: Instruments, checks: Mapping[str, health.Check]
) -> None:
    if service.metrics == "off":
        return
    pages = [metrics_page.blueprint(instruments.render)]
    pages += [status.blueprint(instruments.numbers)] if service.status_page else []
    if service.metrics == "path":
        register(app, pages)
        return
    operators = Application("operators")
    register_errors(operators, instruments.telemetry, service.public_url)
    register(operators, [*pages, health.blueprint(checks), problem_pages.blueprint()])
    app.wsgi_app = OwnPort(app.wsgi_app, operators.wsgi_app, service.metrics_port)  # type: ignore[method-assign]  # Flask's documented way to wrap
