"""The composition root, called in each worker after the fork."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from gateway import VERSION
from gateway.admission.body_memory import BodyMemory
from gateway.admission.shedding import LoadShedder
from gateway.api.application import Application
from gateway.api.capacity import Capacity
from gateway.api.idempotency import Claims
from gateway.api.routes import RESOURCES, register_errors, routes
from gateway.api.unsent import UnsentRate
from gateway.serving.aside import aside
from gateway.serving.loop_turns import LoopTurns
from gateway.settings import Settings, SettingsError, variable
from gateway.settings.effective import unknown_in
from gateway.telemetry.instruments import Instruments
from gateway.telemetry.metrics import worker_files as shared
from gateway.telemetry.metrics.counters import Sources
from gateway.telemetry.traces import TracesUnavailable
from gateway.wiring.access import partners
from gateway.wiring.audit import audit_trail, readable_audit
from gateway.wiring.endpoints import Endpoints
from gateway.wiring.pages import add_operators_pages, add_public_pages
from gateway.wiring.readiness import Readiness
from gateway.wiring.resources import demand_granted, made
from gateway.wiring.worker import worker_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.api.pages.health import Check
    from gateway.api.route import Route
    from gateway.audit.sink import Sink
    from gateway.audit.trail import Trail
    from gateway.auth.principal import Method
    from gateway.resources.resource import MakeResource
    from gateway.serving.plan import WorkerPlan
    from gateway.settings.service import ServiceSettings
    from gateway.telemetry.logs.gathered import Later
    from gateway.wiring.backends import Backends

_log = logging.getLogger(__name__)


def create_app(
    settings: Settings,
    backends: Backends,
    resources: Sequence[MakeResource] = RESOURCES,
    *,
    later: Later | None = None,
) -> Application:
    """The log line of a request may wait for others until ``later`` runs what it was given. Raises SettingsError."""
    service = settings.service
    methods = [authenticator.method for authenticator in backends.authenticators]
    _demand_forwardable(settings, methods)
    turns = LoopTurns()
    served = made(settings, resources, turns.let_others_run)
    demand_granted(served, methods)
    instruments = _instruments(settings, routes(served), later)
    shedder = _shedder(service, backends)
    capacity = Capacity(shedder, BodyMemory(service.max_held_bytes))
    unsent = UnsentRate(backends.unsent_rates)
    claims = Claims(backends.idempotency, unsent, turns.let_others_run)
    trail, kept = audit_trail(settings, aside), readable_audit(settings)
    endpoints = Endpoints(
        settings,
        backends,
        capacity,
        unsent,
        claims,
        instruments,
        turns.let_others_run,
        trail,
        partners(settings.access),
    )
    checks: dict[str, Check] = {**backends.checks, "draining": lambda: {"ready": not shedder.draining}}

    app = Application("gateway")
    app.plan = _plan(settings, backends, shedder, turns, instruments, trail, kept)
    app.after_request(capacity.count_answer)
    register_errors(app, instruments.telemetry, service.public_url)
    endpoints.add_to(app, served)
    add_public_pages(app, service, served, methods, checks)
    add_operators_pages(app, service, served, instruments, checks, kept)
    instruments.watch(_sources(backends, shedder, claims, Readiness(checks), trail))
    app.wsgi_app = instruments.traces.application(app.wsgi_app)  # type: ignore[assignment, method-assign]  # Flask's documented way to wrap
    _tell_unknown_variables()
    return app


def _demand_forwardable(settings: Settings, methods: Sequence[Method]) -> None:
    """Raises SettingsError where a caller may have nothing to forward: the core would be called without credentials."""
    without = [method.words for method in methods if not method.forwards]
    if settings.core.core_auth == "forward" and without:
        raise SettingsError(
            f"{variable('core_auth')}: forward has nothing to send to the core for {' or '.join(without)}"
        )


def _shedder(service: ServiceSettings, backends: Backends) -> LoadShedder:
    return LoadShedder(
        max_batches=service.max_waiting_batches, max_queue_age=service.max_queue_age, backlog=backends.backlog
    )


def _plan(
    settings: Settings,
    backends: Backends,
    shedder: LoadShedder,
    turns: LoopTurns,
    instruments: Instruments,
    trail: Trail | None,
    kept: Sink | None,
) -> WorkerPlan:
    return worker_plan(
        settings.service,
        settings.budgets,
        shedder.drain,
        turns,
        lambda: backends.idempotency.waiting() + (trail.waiting if trail else 0),
        lambda: _end(trail, kept, instruments, backends),
        instruments.telemetry.request_ended,
    )


def _end(trail: Trail | None, kept: Sink | None, instruments: Instruments, backends: Backends) -> None:
    if trail:
        trail.close()
    if kept:
        kept.close()
    instruments.close()
    backends.close()


def _instruments(settings: Settings, served: Sequence[Route], later: Later | None) -> Instruments:
    try:
        return Instruments(
            metrics=settings.service.metrics != "off",
            traces=settings.service.traces,
            version=VERSION,
            folder=shared.join(os.environ),
            routes=[(rule, route.method) for route in served for rule in route.rules],
            later=later,
        )
    except TracesUnavailable as exc:
        raise SettingsError(str(exc)) from exc


def _sources(
    backends: Backends, shedder: LoadShedder, claims: Claims, readiness: Readiness, trail: Trail | None
) -> Sources:
    return Sources(
        core=backends.health,
        backlog=backends.backlog,
        batches=lambda: shedder.under_way,
        shed=lambda: {str(reason): count for reason, count in shedder.refused.items()},
        keyed_refused=lambda: claims.refused,
        keys_age=backends.keys_age,
        keys_file_problem=backends.keys_file_problem,
        ready=readiness.found,
        jobs=backends.job_numbers,
        audit=lambda: (trail.is_down, trail.lost) if trail else (False, 0),
    )


def _tell_unknown_variables() -> None:
    for fields in unknown_in(os.environ):
        _log.warning("setting_unknown", extra=fields)
