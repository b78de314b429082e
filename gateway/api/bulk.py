"""The bulk endpoint: ``PATCH /openapi/api/v1/actions`` (``contract.md`` section 1), read top-down as the hops of a batch."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response
from flask.globals import request_ctx

from gateway.admission.idempotency.policy import random_prefix
from gateway.api import disconnect as presence
from gateway.api import idempotency as replay
from gateway.api.answers import batch_answer, json_answer
from gateway.api.body import document_in, read_body
from gateway.api.options import read_options
from gateway.api.request_log import notes, traceparent
from gateway.api.validation import batch_refusal
from gateway.auth.scopes import BULK_UPDATE
from gateway.batch.outcome import failures, in_order, verdict
from gateway.problems import Problem
from gateway.telemetry.events import summarize
from legacy_client.calls import CallContext
from legacy_client.deadline import Deadline
from schemas.actions import BatchTooLarge, InvalidBatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Request

    from gateway.admission.idempotency.claim import Claim
    from gateway.api.body import BodyLimits
    from gateway.api.capacity import Door
    from gateway.api.guard import Guard
    from gateway.api.quota import Quota
    from gateway.auth.principal import Principal
    from gateway.batch.outcome import Outcome
    from gateway.telemetry.events import Telemetry
    from gateway.telemetry.traces import Loader, Runner
    from legacy_client.calls import ActionUpdate

PATH = "/openapi/api/v1/actions"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEndpoint:
    """The view's collaborators; times in seconds."""

    door: Door
    guard: Guard
    quota: Quota
    loader: Loader[ActionUpdate]
    replays: replay.Replays
    runner: Runner[ActionUpdate, Outcome]
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
            body = read_body(request, self.body_limits, room)
            updates = self._updates(body, principal)
            if options.dry_run:
                return json_answer({"data": [], "validated": len(updates)})
            deadline = Deadline(options.patience(self.deadline_seconds))
            with self.door.under_way(deadline, principal.id):
                claim = self.replays.claim(request, key, principal.id, body, len(updates))
                self._charge(principal, len(updates), claim)
                presence.watch(request.environ, deadline)
                context = self._context(request, principal, deadline, claim)
                return self._answer(updates, claim, context, options.applied(self.deadline_seconds))

    def _updates(self, body: bytes, principal: Principal) -> list[ActionUpdate]:
        """What is to be sent; the objects that the body spells are let go of before anything is."""
        try:
            with self.door.apart(body):
                return self.loader.load(document_in(body), allowed_partners=principal.partner_ids)
        except (InvalidBatch, BatchTooLarge) as exc:
            raise batch_refusal(exc) from exc

    def _charge(self, principal: Principal, items: int, claim: Claim | None) -> None:
        """What a repeat does not send costs nothing."""
        try:
            self.quota.charge(principal, items if claim is None else len(claim.to_send))
        except Problem:
            if claim is not None:
                claim.abandon()
            raise

    def _context(self, request: Request, principal: Principal, deadline: Deadline, claim: Claim | None) -> CallContext:
        return CallContext(
            deadline=deadline,
            concurrency=self.concurrency,
            owner=principal.id,
            request_id=notes().request_id,
            traceparent=traceparent(request),
            authorization=principal.authorization,
            idempotency_prefix=claim.prefix if claim else random_prefix(),
            before_send=claim.sent_hook(lambda: deadline.cancel("journal_unavailable")) if claim else None,
        )

    def _answer(
        self, updates: Sequence[ActionUpdate], claim: Claim | None, context: CallContext, headers: Mapping[str, str]
    ) -> Response:
        """Run the batch, tell of it, and answer."""
        action_ids = [update.id for update in updates]
        began = time.perf_counter()
        outcomes = self._outcomes(updates, action_ids, claim, context)
        seconds = time.perf_counter() - began
        result, failed = verdict(outcomes), replay.advised(failures(action_ids, outcomes), claim)
        batch = summarize(
            len(outcomes), failed, kind="sync", status=result.status, seconds=seconds, keep_failed=self.log_failed_items
        )
        kept = notes()
        kept.replay, kept.batch = replay.kind(claim), batch
        self.telemetry.batch_ended(batch)
        return batch_answer(result, outcomes, failed, {**headers, **replay.headers(claim)})

    def _outcomes(
        self, updates: Sequence[ActionUpdate], action_ids: Sequence[str], claim: Claim | None, context: CallContext
    ) -> list[Outcome]:
        if claim is None:
            return in_order(len(updates), self.runner.stream(updates, context))
        due = [updates[index] for index in claim.to_send]
        finished = dict(replay.settled(claim, action_ids))
        finished.update(replay.recorded(claim, action_ids, self.runner.stream(due, context)))
        outcomes = in_order(len(updates), finished.items())
        replay.end(claim, outcomes)
        return outcomes


def blueprint(endpoint: BulkEndpoint) -> Blueprint:
    """The routes of the bulk endpoint."""
    routes = Blueprint("actions", __name__)
    routes.add_url_rule(PATH, view_func=endpoint.update_actions, methods=["PATCH"], endpoint="update_actions")
    return routes
