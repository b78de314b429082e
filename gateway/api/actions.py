"""The bulk endpoint: ``PATCH /openapi/api/v1/actions`` (``contract.md`` section 1), read top-down as the hops of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, request

from gateway.admission.idempotency import random_prefix
from gateway.api.answers import batch_answer, json_answer
from gateway.api.body import BodyLimits, read_document
from gateway.api.entry import traceparent
from gateway.api.options import read_options
from gateway.api.validation import batch_refusal
from legacy_client.calls import CallContext
from legacy_client.deadline import Deadline
from schemas.actions import BatchLoader, BatchTooLarge, InvalidBatch

if TYPE_CHECKING:
    from gateway.api.body import Body
    from gateway.api.guard import Guard
    from gateway.api.options import Options
    from gateway.auth.principal import Principal
    from gateway.batch import BatchRunner

PATH = "/openapi/api/v1/actions"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEndpoint:
    """The view's collaborators; times in seconds."""

    guard: Guard
    loader: BatchLoader
    runner: BatchRunner
    body_limits: BodyLimits
    deadline_seconds: float
    concurrency: int

    def update_actions(self) -> Response:
        """Authenticate, read, validate, run, answer."""
        principal = self.guard.identify(request, BULK)
        options = read_options(request)
        body = read_document(request, self.body_limits)
        items = self._valid_items(body, principal)
        if options.dry_run:
            return json_answer({"data": [], "validated": len(items)})
        outcomes = self.runner.run(items, self._context(principal, options))
        answer = batch_answer(items, outcomes)
        answer.headers.update(options.applied)
        return answer

    def _valid_items(self, body: Body, principal: Principal) -> list[dict[str, object]]:
        try:
            return self.loader.load(body.document, allowed_partners=principal.partner_ids)
        except (InvalidBatch, BatchTooLarge) as exc:
            raise batch_refusal(exc) from exc

    def _context(self, principal: Principal, options: Options) -> CallContext:
        patience = self.deadline_seconds
        if options.wait_seconds is not None:
            patience = min(patience, options.wait_seconds)
        return CallContext(
            deadline=Deadline(patience),
            concurrency=self.concurrency,
            owner=principal.id,
            request_id=g.request_id,
            traceparent=traceparent(),
            authorization=principal.authorization,
            idempotency_prefix=random_prefix(),
        )


def blueprint(endpoint: BulkEndpoint) -> Blueprint:
    """The routes of the bulk endpoint."""
    routes = Blueprint("actions", __name__)
    routes.add_url_rule(PATH, view_func=endpoint.update_actions, methods=["PATCH"], endpoint="update_actions")
    return routes
