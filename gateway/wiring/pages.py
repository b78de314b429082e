"""The pages beside the endpoints: those of everyone, and those of operators on the service's port or their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import VERSION
from gateway.api.application import Application
from gateway.api.pages import docs, health, home, metrics_page, page, problem_pages, status, trail
from gateway.api.pages.home import Entry
from gateway.api.pages.metrics_page import OwnPort
from gateway.api.pages.openapi.document import document
from gateway.api.routes import register, register_errors
from gateway.compiled import compiled
from gateway.serving.aside import aside
from gateway.telemetry.metrics.history import History

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.audit.sink import Sink
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
        guides_url=service.guides_url,
    )
    # Reasons name hosts, paths and users; they are for who may read the metrics.
    shown = health.without_details(checks) if service.metrics == "port" else checks
    register(
        app,
        [
            home.blueprint(_entries(service), VERSION),
            health.blueprint(shown, is_compiled=bool(compiled())),
            problem_pages.blueprint(resources[0]),
            page.blueprint(),
            docs.blueprint(described, with_page=service.docs_page),
        ],
    )


def _entries(service: ServiceSettings) -> list[Entry]:
    """What partners, and who may read the metrics, find on the service's own port."""
    guides = f"{service.guides_url}/partners/first-batch.html"
    shown = [
        (service.docs_page, home.DOCS),
        (True, home.DOCUMENT),
        (True, home.PROBLEMS),
        (bool(service.guides_url), Entry(guides, "Guides", "Get a token, send a batch, and everything after.")),
        (True, home.READY),
        (service.metrics == "path" and service.status_page, home.STATUS),
    ]
    return [entry for is_there, entry in shown if is_there]


def _kept_history(instruments: Instruments) -> Callable[[], Sequence[bytes]]:
    """Nothing where the workers share no numbers."""
    if instruments.folder is None:
        return tuple
    history = History(instruments.folder, instruments.snapshot, aside)
    history.start()
    return history.snapshots


def add_operators_pages(
    app: Application,
    service: ServiceSettings,
    resources: Sequence[Resource],
    instruments: Instruments,
    checks: Mapping[str, health.Check],
    audit: Sink | None,
) -> None:
    """``audit`` is shown where the metrics have a port of their own: it names partners."""
    if service.metrics == "off":
        return
    pages = [metrics_page.blueprint(instruments.render)]
    is_shown = audit is not None and service.metrics == "port"
    if service.status_page:
        earlier = _kept_history(instruments)
        is_hidden = audit is not None and not is_shown
        pages.append(status.blueprint(instruments.numbers, history=earlier, with_audit=is_shown, hides_audit=is_hidden))
    if service.status_page and audit is not None and is_shown:
        pages.append(trail.blueprint(audit, aside))
    if service.metrics == "path":
        register(app, pages)
        return
    operators = Application("operators")
    register_errors(operators, instruments.telemetry, service.public_url)
    entries = [home.STATUS] * service.status_page + [home.READY, home.PROBLEMS]
    shared = [home.blueprint(entries, VERSION), problem_pages.blueprint(resources[0]), page.blueprint()]
    register(operators, [*pages, health.blueprint(checks, is_compiled=bool(compiled())), *shared])
    app.wsgi_app = OwnPort(app.wsgi_app, operators.wsgi_app, service.metrics_port)  # type: ignore[method-assign]  # Flask's documented way to wrap
