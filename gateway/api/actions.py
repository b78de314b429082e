"""The bulk endpoint: ``PATCH /openapi/api/v1/actions`` (``contract.md`` section 1), read top-down as the hops of a batch."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g
from flask.globals import request_ctx

from gateway.admission.idempotency import random_prefix
from gateway.api import presence, replay
from gateway.api.answers import batch_answer, json_answer
from gateway.api.body import read_document
from gateway.api.entry import notes, traceparent
from gateway.api.options import read_options
from gateway.api.problems import Problem
from gateway.api.validation import batch_refusal
from gateway.auth.scopes import BULK_UPDATE
from gateway.outcome import in_order, verdict
from gateway.telemetry.events import summarize
from legacy_client.calls import CallContext
from legacy_client.deadline import Deadline
from schemas.actions import BatchTooLarge, InvalidBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.admission.claim import Claim
    from gateway.api.body import Body, BodyLimits
    from gateway.api.door import Door
    from gateway.api.guard import Guard
    from gateway.api.quota import Quota
    from gateway.auth.principal import Principal
    from gateway.outcome import Outcome
    from gateway.telemetry.events import Telemetry
    from gateway.telemetry.traces import Loader, Runner

    Item = dict[str, object]

PATH = "/openapi/api/v1/actions"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEndpoint:
    """The view's collaborators; times in seconds."""

    door: Door
    guard: Guard
    quota: Quota
    loader: Loader
    replays: replay.Replays
    runner: Runner[Outcome]
    body_limits: BodyLimits
    deadline_seconds: float
    concurrency: int
    telemetry: Telemetry
    log_failed_items: int

    def update_actions(self) -> Response:
        """Authenticate, read, validate, run, answer."""
        self.door.check()
        request = request_ctx.request  # not Flask's proxy, which looks it up again for each attribute
        principal = self.guard.identify(request, BULK_UPDATE)
        options, key = read_options(request), replay.read_key(request)
        with self.door.room() as room:
            body = read_document(request, self.body_limits, room)
            items = self._valid_items(body, principal)
            if options.dry_run:
                return json_answer({"data": [], "validated": len(items)}, headers=options.applied)
            deadline = Deadline(options.patience(self.deadline_seconds))
            with self.door.under_way(deadline, principal.id):
                claim = self.replays.claim(request, key, principal.id, body.raw, len(items))
                self._charge(principal, items, claim)
                outcomes = self._outcomes(items, claim, self._context(principal, deadline, claim))
            return batch_answer(items, outcomes, options.applied | replay.headers(claim))

    def _valid_items(self, body: Body, principal: Principal) -> list[Item]:
        try:
            return self.loader.load(body.document, allowed_partners=principal.partner_ids)
        except (InvalidBatch, BatchTooLarge) as exc:
            raise batch_refusal(exc) from exc

    def _charge(self, principal: Principal, items: Sequence[Item], claim: Claim | None) -> None:
        """What a repeat does not send costs nothing."""
        try:
            self.quota.charge(principal, len(items) if claim is None else len(claim.to_send))
        except Problem:
            if claim is not None:
                claim.abandon()
            raise

    def _context(self, principal: Principal, deadline: Deadline, claim: Claim | None) -> CallContext:
        return CallContext(
            deadline=deadline,
            concurrency=self.concurrency,
            owner=principal.id,
            request_id=g.request_id,
            traceparent=traceparent(),
            authorization=principal.authorization,
            idempotency_prefix=claim.prefix if claim else random_prefix(),
            before_send=_before_send(deadline, claim),
        )

    def _outcomes(self, items: Sequence[Item], claim: Claim | None, context: CallContext) -> list[Outcome]:
        began = time.perf_counter()
        outcomes = self._run(items, claim, context)
        notes().replay = replay.kind(claim)
        self._tell(items, outcomes, time.perf_counter() - began)
        return outcomes

    def _run(self, items: Sequence[Item], claim: Claim | None, context: CallContext) -> list[Outcome]:
        if claim is None:
            return in_order(len(items), self.runner.stream(items, context))
        due = [items[index] for index in claim.to_send]
        finished = dict(replay.settled(claim, items))
        finished.update(replay.recorded(claim, items, self.runner.stream(due, context)))
        outcomes = in_order(len(items), finished.items())
        replay.end(claim, outcomes)
        return outcomes

    def _tell(self, items: Sequence[Item], outcomes: Sequence[Outcome], seconds: float) -> None:
        status = verdict(outcomes).status
        batch = summarize(
            items, outcomes, kind="sync", status=status, seconds=seconds, keep_failed=self.log_failed_items
        )
        notes().batch = batch
        self.telemetry.batch_ended(batch)


def blueprint(endpoint: BulkEndpoint) -> Blueprint:
    """The routes of the bulk endpoint."""
    routes = Blueprint("actions", __name__)
    routes.add_url_rule(PATH, view_func=endpoint.update_actions, methods=["PATCH"], endpoint="update_actions")
    return routes


def _before_send(deadline: Deadline, claim: Claim | None) -> Callable[[int], None]:
    """Before each call: is the caller still there, and does the journal know that the item is about to leave?"""
    look = presence.watcher(request_ctx.request.environ, deadline)
    if claim is None:
        return look
    mark = claim.sent_hook(lambda: deadline.cancel("journal_unavailable"))

    def before_send(position: int) -> None:
        look(position)
        mark(position)

    return before_send
