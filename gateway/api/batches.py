"""``GET /openapi/api/v1/batches/{idempotencyKey}``: what is kept under a caller's own key (``contract.md`` 1.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from flask import Blueprint

from gateway.api.answers import body_answer
from gateway.api.jobs.shown import path_of
from gateway.api.options import refuse_parameters
from gateway.api.request import GatewayResponse, current_request
from gateway.api.route import Route
from gateway.batch.item_errors import ItemErrors
from gateway.batch.job_claim import A_JOB, job_id_in
from gateway.batch.kept import is_complete, kept_outcomes
from gateway.batch.outcome import ItemError, verdict
from gateway.problems import Problem
from gateway.resources.resource import permissions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.admission.idempotency.journal import Entry, Kept, Subject
    from gateway.api.bulk_services import BulkServices
    from gateway.api.request import GatewayRequest
    from gateway.resources.resource import Resource

# A key may hold a slash, and what is escaped in a path.
PATH = "/openapi/api/v1/batches/"
ROUTE = Route("GET", (f"{PATH}<rest:idempotency_key>",), frozenset({"batch-not-found", "in-progress"}))
_FRESH = {"Cache-Control": "no-store"}
_BEFORE = (
    "Its record is of an earlier release, which did not keep what is shown here. Send the batch again with the key."
)


def shown(
    resource: Resource,
    subject: Subject,
    entries: Mapping[int, Entry],
    *,
    repeats_unknown: bool,
    let_others_run: Callable[[], object] = bool,
) -> bytes:
    """A record as JSON in the public words. ``status`` is what a plain answer with these outcomes has.

    ``repeats_unknown``: a repeat sends items that may have been applied.
    """
    updated, failed, errors = list[bytes](), list[dict[str, object]](), list[ItemError]()
    named = ItemErrors(resource.name, resource.translation.errors_to_public)
    for index, outcome in enumerate(kept_outcomes(entries, subject.ids, named)):
        let_others_run()
        if isinstance(outcome, ItemError):
            errors.append(outcome.with_retry_advice(repeats_unknown=repeats_unknown))
            failed.append(errors[-1].body(index, resource.id_name, subject.ids[index]))
        else:
            updated.append(outcome)
    items = len(subject.ids)
    head = {"status": verdict(items, errors).status, "complete": is_complete(entries, items)}
    return b'%b,"data":[%b],"errors":%b}' % (orjson.dumps(head)[:-1], b",".join(updated), orjson.dumps(failed))


class BatchesEndpoint:
    """Another's key is not found."""

    def __init__(self, resources: Sequence[Resource], services: BulkServices, *, repeats_unknown: bool) -> None:
        self._resources = {resource.plural: resource for resource in resources}
        self._default = resources[0]
        self._permissions = permissions_of(resources)
        self._services = services
        self._repeats_unknown = repeats_unknown

    def show(self, idempotency_key: str) -> GatewayResponse:
        request, services = current_request(), self._services
        services.capacity.check()
        caller = services.guard.identify(request, *self._permissions)
        services.unsent.check(request, caller)
        refuse_parameters(request)
        body = b""
        try:
            subject, entries = _found(services.claims.look(request, idempotency_key, caller))
            if subject.resource == A_JOB.resource:
                return _of_a_job(entries)
            body = self._shown(request, subject, entries)
        finally:
            services.unsent.charge(request, caller, len(body))
        return body_answer(body, headers=_FRESH)

    def _shown(self, request: GatewayRequest, subject: Subject, entries: Mapping[int, Entry]) -> bytes:
        services = self._services
        return shown(
            self._allowed(request, subject),
            subject,
            entries,
            repeats_unknown=self._repeats_unknown,
            let_others_run=services.let_others_run,
        )

    def _allowed(self, request: GatewayRequest, subject: Subject) -> Resource:
        resource = self._resources.get(subject.resource, self._default)
        if len(self._permissions) > 1:
            self._services.guard.identify(request, resource.permission)
        return resource


def _found(kept: Kept | None) -> tuple[Subject, Mapping[int, Entry]]:
    """Raises Problem 404."""
    if kept is None:
        raise Problem("batch-not-found")
    if kept.subject is None:
        raise Problem("batch-not-found", _BEFORE)
    return kept.subject, kept.entries


def _of_a_job(entries: Mapping[int, Entry]) -> GatewayResponse:
    """Where it is looked at (RFC 9110 section 15.4.4). Raises Problem 404."""
    if job_id := job_id_in(entries):
        return GatewayResponse(status=303, headers={"Location": path_of(job_id), **_FRESH})
    raise Problem("batch-not-found", "It is not known whether a job was made. Send the request again with the key.")


def blueprint(endpoint: BatchesEndpoint) -> Blueprint:
    routes = Blueprint("batches", __name__)
    for rule in ROUTE.rules:
        routes.add_url_rule(rule, view_func=endpoint.show, methods=[ROUTE.method])
    return routes
