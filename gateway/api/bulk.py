"""The view of any bulk resource (``contract.md`` section 1)."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint

from gateway.api import disconnect
from gateway.api.body import read_body
from gateway.api.calls import calls_in
from gateway.api.forms import FORMS
from gateway.api.idempotency import read_key, replay_headers
from gateway.api.options import read_options
from gateway.api.over_rate import OverRate
from gateway.api.request import current_request
from gateway.api.route import Route
from gateway.api.under_way import UnderWay
from gateway.api.validation import batch_refusal
from gateway.audit.line import Ended
from gateway.batch.run import BatchRun
from legacy_client.call_context import CallContext
from legacy_client.deadline import Deadline
from schemas.batches import BatchTooLarge, InvalidBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from gateway.api.bulk_services import BulkServices
    from gateway.api.jobs.one_part import OnePart
    from gateway.api.options import Options
    from gateway.api.request import GatewayRequest, GatewayResponse
    from gateway.auth.principal import Principal
    from gateway.batch.batch_claim import BatchClaim
    from gateway.batch.summary import Summary
    from gateway.resources.resource import Resource
    from gateway.telemetry.events import BatchKind, ReplayKind
    from gateway.telemetry.traces import Span
    from legacy_client.calls import Update

_REPLAYS: Mapping[str, ReplayKind] = {"replay": "replayed", "resume": "resumed"}


class BulkEndpoint:
    def __init__(self, resource: Resource, services: BulkServices) -> None:
        self._resource = resource
        self._services = services

    def update(self) -> GatewayResponse:
        request, services = current_request(), self._services
        services.capacity.check()  # hop 1
        caller = services.guard.identify(request, self._resource.permission)  # hop 2
        services.unsent.check(request, caller)
        options, key = read_options(request), read_key(request)
        if options.dry_run:
            return self._rehearsed(request, caller, options)
        # A stream is not waited for either, and where there are no jobs the preference is ignored (RFC 7240 section 2).
        if options.responds_async and services.one_part and options.form == "plain":
            return self._handed_over(services.one_part, request, caller, key)
        return FORMS[options.form].answer(self._begun(request, caller, options, key), request)  # hop 7

    @contextmanager
    def _begun(
        self, request: GatewayRequest, caller: Principal, options: Options, key: str | None
    ) -> Iterator[UnderWay]:
        """Around the run of a batch and its answer. Raises Problem."""
        services, resource = self._services, self._resource
        window = 2 * services.concurrency if FORMS[options.form].is_paced else None
        with services.capacity.body_memory() as take_memory:
            body, calls = self._read(request, caller, take_memory)  # hops 3 and 4
            with (
                self._deadline(request, caller, options) as deadline,
                services.claims.claim(request, key, caller, body, resource, calls, window) as claim,  # hop 5
                services.traces.span("fan_out", items=len(calls)) as span,
            ):
                services.unsent.charge_repeat(request, caller, len(body), claim.stored_bytes)
                try:
                    # Items that a repeat does not send cost nothing.
                    services.quota.charge(request, caller, len(claim.to_send))
                except OverRate:
                    # What a repeat brings back was charged above.
                    services.unsent.charge_over(caller, 0 if claim.stored_bytes else len(body))
                    raise
                request.answer_headers |= options.applied(services.deadline_seconds) | replay_headers(claim)
                context = self._context(request, caller, deadline, claim, span)
                run = BatchRun(resource, calls, claim, services.core, context, span)  # hop 6
                yield UnderWay(resource, calls, deadline, claim, run, partial(self._report, request, calls, claim, run))

    def _read(
        self, request: GatewayRequest, caller: Principal, take_memory: Callable[[int], None]
    ) -> tuple[bytes, list[Update]]:
        services = self._services
        with services.unsent.charged(request, caller, take_memory) as take:
            body = read_body(request, services.body_limits, take, services.let_others_run)
            return body, self._calls(body, caller)

    def _rehearsed(self, request: GatewayRequest, caller: Principal, options: Options) -> GatewayResponse:
        with self._services.capacity.body_memory() as take_memory:
            body, calls = self._read(request, caller, take_memory)
            self._services.unsent.charge(request, caller, len(body))
            return FORMS[options.form].rehearsal(request, len(calls))

    def _handed_over(
        self, one_part: OnePart, request: GatewayRequest, caller: Principal, key: str | None
    ) -> GatewayResponse:
        one_part.demand_workers()
        with self._services.capacity.body_memory() as take_memory:
            body, calls = self._read(request, caller, take_memory)
            return one_part.answer(request, caller, self._resource, key, body, calls)

    def _deadline(
        self, request: GatewayRequest, caller: Principal, options: Options
    ) -> AbstractContextManager[Deadline]:
        """Around the calls. A stopping worker or a caller who left ends the deadline early."""
        deadline = Deadline(options.deadline_seconds(self._services.deadline_seconds))
        disconnect.watch(request.environ, deadline)
        return self._services.capacity.running(deadline, caller.id)

    def _calls(self, body: bytes, caller: Principal) -> list[Update]:
        resource, services = self._resource, self._services
        # The parsed objects are ten times as large as the body, so none of them outlives this.
        try:
            with services.capacity.parsing(body), services.traces.span("validation") as span:
                calls = calls_in(body, resource, caller.partner_ids, services.let_others_run)
                span.count(len(calls))
                return calls
        except (InvalidBatch, BatchTooLarge) as exc:
            raise batch_refusal(resource, exc) from exc

    def _context(
        self, request: GatewayRequest, caller: Principal, deadline: Deadline, claim: BatchClaim, span: Span
    ) -> CallContext:
        return CallContext(
            deadline=deadline,
            concurrency=self._services.concurrency,
            caller=caller.partner or caller.id,
            most_in_flight=_share(caller, self._services.core_concurrency),
            request_id=request.id,
            traceparent=span.traceparent or request.traceparent(),
            authorization=caller.authorization,
            idempotency_prefix=claim.prefix,
            marks=claim.marks(deadline),
        )

    def _report(
        self, request: GatewayRequest, calls: Sequence[Update], claim: BatchClaim, run: BatchRun, kind: BatchKind
    ) -> Summary:
        summary = run.summary(
            keep_failed=self._services.log_failed_items,
            kind=kind,
            principal_id=request.principal_id,
            partner=request.partner,
        )
        request.batch, request.replay = summary.details, _REPLAYS.get(claim.kind)
        if self._services.trail:
            self._services.trail.batch_ended(
                Ended(
                    principal=request.principal_id,
                    request_id=request.id,
                    resource=self._resource.plural,
                    calls=calls,
                    to_send=claim.to_send,
                    failed=summary.failed,
                    seconds=summary.details.seconds,
                    key_fingerprint=request.key_fingerprint,
                )
            )
        return summary


def _share(caller: Principal, calls: int) -> int:
    """Of so many calls at once; 0: all of them."""
    return max(1, calls * caller.share // 100) if caller.share else 0


def route(resource: Resource) -> Route:
    problems = frozenset({"in-progress", "batch-too-large", "idempotency-key-reused"})
    of_jobs = frozenset({"jobs-unavailable", "job-not-found", "job-too-large", "too-many-jobs"})
    return Route("PATCH", (resource.path,), problems | of_jobs)


def blueprint(resource: Resource, services: BulkServices) -> Blueprint:
    routes, served = Blueprint(resource.plural, __name__), route(resource)
    view = BulkEndpoint(resource, services).update
    for rule in served.rules:
        routes.add_url_rule(rule, view_func=view, methods=[served.method], endpoint="update")
    return routes
