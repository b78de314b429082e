"""The operators' pages: metrics, status and readiness with its reasons, on the service's port or their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.api.application import Application
from gateway.api.pages import health, metrics_page, problem_pages, status
from gateway.api.pages.metrics_page import OwnPort
from gateway.api.routes import register_errors, register_pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.settings.service import ServiceSettings
    from gateway.telemetry.instruments import Instruments


def add_operators_pages(
    app: Application, service: ServiceSettings, instruments: Instruments, checks: Mapping[str, health.Check]
) -> None:
    if service.metrics == "off":
        return
    pages = [metrics_page.blueprint(instruments.render)]
    pages += [status.blueprint(instruments.numbers)] if service.status_page else []
    if service.metrics == "path":
        register_pages(app, pages)
        return
    operators = Application("operators")
    register_errors(operators, instruments.telemetry, service.public_url)
    register_pages(operators, [*pages, health.blueprint(checks), problem_pages.blueprint()])
    app.wsgi_app = OwnPort(app.wsgi_app, operators.wsgi_app, service.metrics_port)  # type: ignore[method-assign]  # Flask's documented way to wrap
