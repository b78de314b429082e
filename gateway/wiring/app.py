"""The composition root: builds every collaborator once from the settings and hands them down.

Called in each worker after the fork (``wsgi.py``), and by tests with backends of their own.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from flask import Flask

from gateway import VERSION
from gateway.admission.body_memory import BodyMemory
from gateway.admission.shedding import LoadShedder
from gateway.admission.slices import Slices
from gateway.api.body import BodyLimits
from gateway.api.bulk import BulkServices
from gateway.api.capacity import Capacity
from gateway.api.guard import Guard
from gateway.api.idempotency import Claims
from gateway.api.integrations import IntegrationEndpoint
from gateway.api.pages import metrics_page, problem_pages, status
from gateway.api.pages.metrics_page import OwnPort
from gateway.api.pages.openapi.document import document
from gateway.api.quota import Quota
from gateway.api.routes import RESOURCES, register, register_errors, register_pages, routes
from gateway.api.unsent import UnsentRate
from gateway.auth.scopes import Permissions
from gateway.serving.loop_turns import LoopTurns
from gateway.settings import Settings, SettingsError, load, unknown_variables
from gateway.telemetry.instruments import Instruments
from gateway.telemetry.metrics import worker_files as shared
from gateway.telemetry.metrics.counters import Sources
from gateway.telemetry.traces import TracesUnavailable
from gateway.wiring.backends import Backends, connect
from gateway.wiring.worker import worker_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.api.route import Route
    from gateway.auth.principal import Method
    from gateway.resources.resource import MakeResource, Resource

_log = logging.getLogger(__name__)


def create_app(
    settings: Settings | None = None,
    backends: Backends | None = None,
    resources: Sequence[MakeResource] = RESOURCES,
) -> Flask:
    """The WSGI application. Raises SettingsError where the settings do not allow a start."""
    settings = settings or load()
    # Others run while a large batch is validated.
    turns = LoopTurns()
    slices = Slices(turns.wait)
    made = [
        make(settings.service.languages, settings.service.max_batch_items, slices.let_others_run) for make in resources
    ]
    instruments = _instruments(settings, routes(made))
    backends = backends or connect(settings)
    shedder = LoadShedder(
        max_batches=settings.service.max_waiting_batches,
        max_queue_age=settings.service.max_queue_age,
        waiting=backends.waiting,
    )
    # A single body of the largest size always has room.
    capacity = Capacity(shedder, BodyMemory(max(settings.service.max_held_bytes, settings.service.max_body_bytes)))
    claims = Claims(backends.idempotency)
    app = _bare("gateway")
    app.extensions["worker"] = worker_plan(
        settings.service, settings.budgets, shedder.drain, turns, backends.idempotency.waiting
    )
    app.after_request(capacity.count_answer)
    register(
        app,
        telemetry=instruments.telemetry,
        base_url=settings.service.public_url,
        resources=made,
        services=_services(settings, backends, capacity, claims, instruments, slices.let_others_run),
        integration=_integration(settings, backends, capacity, instruments, slices.let_others_run),
        checks={**backends.checks, "draining": lambda: {"ready": not shedder.draining}},
        document=_document(settings, made),
        docs_page=settings.service.docs_page,
    )
    _operators(app, settings, instruments)
    _watch(instruments, backends, shedder, claims)
    app.wsgi_app = instruments.traces.application(app.wsgi_app)  # type: ignore[assignment, method-assign]  # Flask's documented way to wrap
    _tell_unknown_variables()
    return app


def _instruments(settings: Settings, served: Sequence[Route]) -> Instruments:
    try:
        return Instruments(
            metrics=settings.service.metrics != "off",
            traces=settings.service.traces,
            version=VERSION,
            folder=shared.join(os.environ),
            routes=[(rule, route.method) for route in served for rule in route.rules],
        )
    except TracesUnavailable as exc:
        raise SettingsError(str(exc)) from exc


def _bare(name: str) -> Flask:
    """Flask without what it would serve or redirect by itself."""
    app = Flask(name, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    return app


def _document(settings: Settings, resources: Sequence[Resource]) -> dict[str, Any]:
    return document(
        version=VERSION,
        resources=resources,
        max_items=settings.service.max_batch_items,
        public_url=settings.service.public_url,
    )


def _tell_unknown_variables() -> None:
    for name, nearest in unknown_variables(os.environ):
        _log.warning("setting_unknown", extra={"variable": name, "nearest": nearest})


def _watch(instruments: Instruments, backends: Backends, shedder: LoadShedder, claims: Claims) -> None:
    if backends.gate is not None:
        instruments.watch(
            Sources(
                core=backends.gate.snapshot,
                waiting=backends.waiting,
                batches=lambda: shedder.under_way,
                shed=lambda: {str(reason): count for reason, count in shedder.refused.items()},
                keyed_refused=lambda: claims.refused,
                keys_age=backends.keys_age,
                keys_file_problem=backends.keys_file_problem,
            )
        )


def _operators(app: Flask, settings: Settings, instruments: Instruments) -> None:
    """The operators' pages, on the service's own port or on another."""
    if settings.service.metrics == "off":
        return
    pages = [metrics_page.blueprint(instruments.render)]
    pages += [status.blueprint(instruments.numbers)] if settings.service.status_page else []
    if settings.service.metrics == "path":
        register_pages(app, pages)
    else:
        own = _bare("operators")
        register_errors(own, instruments.telemetry, settings.service.public_url)
        register_pages(own, [*pages, problem_pages.blueprint()])
        app.wsgi_app = OwnPort(app.wsgi_app, own.wsgi_app, settings.service.metrics_port)  # type: ignore[method-assign]  # Flask's documented way to wrap


def _services(
    settings: Settings,
    backends: Backends,
    capacity: Capacity,
    claims: Claims,
    instruments: Instruments,
    let_others_run: Callable[[], None],
) -> BulkServices:
    permissions = Permissions(
        _methods(backends), required_role=settings.access.required_role, required_scope=settings.access.required_scope
    )
    return BulkServices(
        capacity=capacity,
        guard=Guard(backends.authenticators, permissions, "gateway"),
        quota=Quota("items", backends.item_rates),
        unsent=UnsentRate(backends.unsent_rates),
        claims=claims,
        core=backends.core,
        body_limits=BodyLimits(max_bytes=settings.service.max_body_bytes, seconds=settings.budgets.body_timeout),
        deadline_seconds=settings.budgets.batch_deadline,
        concurrency=settings.core.batch_concurrency,
        telemetry=instruments.telemetry,
        traces=instruments.traces,
        log_failed_items=settings.service.log_failed_items,
        let_others_run=let_others_run,
    )


def _integration(
    settings: Settings,
    backends: Backends,
    capacity: Capacity,
    instruments: Instruments,
    let_others_run: Callable[[], None],
) -> IntegrationEndpoint:
    return IntegrationEndpoint(
        capacity=capacity,
        guard=Guard(backends.authenticators, Permissions(_methods(backends)), "gateway"),
        quota=Quota("requests", backends.key_rates),
        unsent=UnsentRate(backends.unsent_rates),
        core=backends.core,
        body_limits=BodyLimits(max_bytes=settings.service.max_body_bytes, seconds=settings.budgets.body_timeout),
        deadline_seconds=settings.budgets.item_deadline,
        telemetry=instruments.telemetry,
        let_others_run=let_others_run,
    )


def _methods(backends: Backends) -> list[Method]:
    return [authenticator.method for authenticator in backends.authenticators]
