"""``PUT /integrations/v1/{integrationId}/actions/{actionId}`` (``contract.md`` section 2)."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from flask import Blueprint, Response
from werkzeug.routing import Rule

from gateway.admission.idempotency.key import random_prefix
from gateway.api.answers import BatchFailed, json_answer
from gateway.api.body import document_in, read_body
from gateway.api.json_size import JsonSize
from gateway.api.options import refuse_parameters
from gateway.api.request import current_request
from gateway.api.route import Route
from gateway.api.validation import document_refusal
from gateway.audit.line import Ended
from gateway.auth.scopes import INTEGRATION_API
from gateway.batch.item_errors import ItemErrors
from gateway.batch.outcome import ItemError, verdict
from gateway.problems import Problem
from gateway.resources import integration_actions as translation
from gateway.telemetry.details import Unreadable, summarize
from legacy_client.call_context import CallContext
from legacy_client.calls import Update
from legacy_client.deadline import Deadline
from legacy_client.errors import CoreError
from legacy_client.operations import REPLACE_INTEGRATION_ACTION, IntegrationActionReplacement
from schemas import acceptors
from schemas.base import InvalidDocument
from schemas.integrations import MOST, load_integration_action

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.blueprints import BlueprintSetupState

    from gateway.api.body_limits import BodyLimits
    from gateway.api.capacity import Capacity
    from gateway.api.guard import Guard
    from gateway.api.quota import Quota
    from gateway.api.request import GatewayRequest
    from gateway.api.unsent import UnsentRate
    from gateway.audit.trail import Trail
    from gateway.auth.principal import Principal
    from legacy_client.call_context import Waits
    from legacy_client.operations import Operation

PATH = "/integrations/v1/<integration_id>/actions/<action_id>"
PREFIXES = ("", "/api/public")
"""Where it is served: by its own address and by the public one."""
ROUTE = Route(
    "PUT",
    tuple(prefix + PATH for prefix in PREFIXES),
    frozenset({"browser-origin", "integration-not-granted", "conflict"}),
)
NAME = "action"
ID_NAME = "actionId"
_OTHER_METHOD = "integrations.other_method"
# Texts of `contract.md` section 2.
DETAILS = {
    "not_found": "The integration or its action was not found.",
    "conflict": "Another action of the integration has this name.",
}
_ERRORS = ItemErrors(NAME, translation.errors_to_public)


class Core(Protocol):
    def send_one(
        self,
        operation: Operation[IntegrationActionReplacement],
        call: IntegrationActionReplacement,
        context: CallContext,
    ) -> dict[str, Any] | CoreError:
        """The core's action, or why there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationEndpoint:
    """The view and what it needs; times in seconds."""

    capacity: Capacity
    guard: Guard
    quota: Quota
    unsent: UnsentRate
    core: Core
    body_limits: BodyLimits
    deadline_seconds: float
    let_others_run: Callable[[], None]
    trail: Trail | None

    def replace_action(self, integration_id: str, action_id: str) -> Response:
        request = current_request()
        _refuse_browsers(request)
        self.capacity.check()
        principal = self.guard.identify(request, INTEGRATION_API)
        self.unsent.check(request, principal)
        self.quota.charge(request, principal, 1)
        call = IntegrationActionReplacement(_uuid("integrationId", integration_id), _uuid(ID_NAME, action_id), {})
        _check_grant(principal, call.integration_id)
        refuse_parameters(request)
        call = call._replace(fields=self._legacy_fields(request, principal))
        deadline = Deadline(self.deadline_seconds)
        context = self._context(principal, deadline)
        began = time.perf_counter()
        with self.capacity.running(deadline, principal.id):
            result = self.core.send_one(REPLACE_INTEGRATION_ACTION, call, context)
        outcome = _outcome(call, result)
        self._report(call, outcome, time.perf_counter() - began, context.waits)
        if isinstance(outcome, ItemError):
            raise _failure(outcome, call.action_id)
        return json_answer(_body(outcome))

    def _legacy_fields(self, request: GatewayRequest, principal: Principal) -> dict[str, object]:
        with (
            self.capacity.body_memory() as take_memory,
            self.unsent.charged(request, principal, take_memory) as take,
        ):
            body = read_body(request, self.body_limits, take, self.let_others_run)
            document = document_in(body, JsonSize(*MOST), self.let_others_run)
            try:
                return translation.to_legacy(load_integration_action(document))
            except InvalidDocument as exc:
                raise document_refusal(exc, NAME, ID_NAME) from exc

    def _report(
        self, call: IntegrationActionReplacement, outcome: translation.Shown | ItemError, seconds: float, waits: Waits
    ) -> None:
        failed, status, unreadable = [], 200, Unreadable()
        if isinstance(outcome, ItemError):
            failed, status = [(0, call.action_id, outcome)], verdict(1, [outcome]).status
        elif outcome.unreadable:
            unreadable.add(call.action_id, outcome.unreadable)
        if self.trail:
            self.trail.batch_ended(_ended(call, outcome, seconds))
        request = current_request()
        request.batch = summarize(
            1,
            failed,
            kind="single",
            status=status,
            seconds=seconds,
            keep_failed=1,
            unreadable=unreadable,
            waits=waits,
            principal_id=request.principal_id,
            partner=request.partner,
        )

    def _context(self, principal: Principal, deadline: Deadline) -> CallContext:
        return CallContext(
            deadline=deadline,
            concurrency=1,
            caller=principal.id,
            request_id=current_request().id,
            traceparent=current_request().traceparent(),
            authorization=principal.authorization,
            idempotency_prefix=random_prefix(),
        )


def blueprint(endpoint: IntegrationEndpoint) -> Blueprint:
    """The routes under both addresses."""
    routes = Blueprint("integrations", __name__)
    for number, rule in enumerate(ROUTE.rules):
        name = f"replace_action_{number}"
        routes.add_url_rule(rule, view_func=endpoint.replace_action, methods=[ROUTE.method], endpoint=name)
    routes.endpoint(_OTHER_METHOD)(_other_method)
    routes.record(_route_other_methods)
    return routes


def _route_other_methods(state: BlueprintSetupState) -> None:
    """Route every other method, known or not."""
    # Flask's `add_url_rule` needs a list of methods.
    for rule in ROUTE.rules:
        state.app.url_map.add(Rule(rule, endpoint=_OTHER_METHOD))


def _other_method(integration_id: str, action_id: str) -> Response:  # noqa: ARG001 -- the route hands both in
    _refuse_browsers(current_request())
    raise Problem("method-not-allowed", headers={"Allow": ROUTE.method})


def _refuse_browsers(request: GatewayRequest) -> None:
    """Raises Problem 403 for a request of a browser's page."""
    # No CORS header: the page must not read why.
    if request.header("Origin") is not None or request.header("Sec-Fetch-Site") not in (None, "none"):
        raise Problem("browser-origin")


def _uuid(name: str, text: str) -> str:
    uuid = acceptors.uuid(text)
    if uuid is None:
        raise Problem("bad-request", f"{name} in the path must be a UUID.")
    return uuid


def _check_grant(principal: Principal, integration_id: str) -> None:
    if principal.integrations is not None and integration_id not in principal.integrations:
        raise Problem("integration-not-granted")


def _failure(error: ItemError, action_id: str) -> BatchFailed:
    """The problem for a failed call (``contract.md`` section 2)."""
    result = verdict(1, [error])
    slug = "conflict" if error.code == "conflict" else result.problem
    return BatchFailed(slug, error.detail, result, [error.body(None, ID_NAME, action_id)])


def _ended(call: IntegrationActionReplacement, outcome: translation.Shown | ItemError, seconds: float) -> Ended:
    request, item_id = current_request(), f"{call.integration_id}/{call.action_id}"
    return Ended(
        principal=request.principal_id,
        request_id=request.id,
        resource="integrations",
        calls=(Update(item_id, b""),),
        to_send=(0,),
        failed=[(0, item_id, outcome)] if isinstance(outcome, ItemError) else (),
        seconds=seconds,
    )


def _outcome(call: IntegrationActionReplacement, result: dict[str, Any] | CoreError) -> translation.Shown | ItemError:
    if isinstance(result, CoreError):
        error = _ERRORS.from_core(result, call.action_id)
        return replace(error, detail=DETAILS.get(error.code, error.detail))
    if not result:
        return translation.as_sent(call.action_id, call.fields)
    return translation.from_legacy(call.action_id, result, call.fields)


def _body(shown: translation.Shown) -> dict[str, object]:
    return {"action": shown.action, **({"unreadable": shown.unreadable} if shown.unreadable else {})}
