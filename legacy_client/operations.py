"""The core's operations: how a call is written as a request, and which ``id`` its answer must have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest

    from legacy_client.calls import ActionUpdate, IntegrationActionReplacement
    from legacy_client.template import RequestTemplate

Call = TypeVar("Call")

HEADERS = {"Accept": "application/vnd.core.v1+json", "Content-Type": "application/json"}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MAX_DIGITS = 20


class Operation(NamedTuple, Generic[Call]):
    """One kind of call: its template, how a call is written from a template and a key prefix, and its action's id."""

    template: RequestTemplate
    write: Callable[[RequestTemplate, Call, str], PreparedRequest]
    expected_id: Callable[[Call], int | str]


def write_update(template: RequestTemplate, call: ActionUpdate, key_prefix: str) -> PreparedRequest:
    """``PATCH /actions/{id}``. Raises ValueError for what cannot be sent."""
    action_id = call.id
    # Ids go into the path: `..`, `%2f` and the like must never get there, wherever the call came from.
    if not (action_id.isascii() and action_id.isdigit() and len(action_id) <= _MAX_DIGITS):
        raise ValueError("an action's id is 1 to 20 digits")
    if not call.body:
        raise ValueError("an update has a body")
    return template.prepare(f"/actions/{action_id}", call.body, {"Idempotency-Key": f"{key_prefix}-{action_id}"})


def updated_id(call: ActionUpdate) -> int:
    """The core answers with ids as integers."""
    return int(call.id)


def write_replacement(
    template: RequestTemplate, call: IntegrationActionReplacement, key_prefix: str
) -> PreparedRequest:
    """``PUT /integrations/{integration_id}/actions/{action_id}``. Raises ValueError or TypeError for what cannot be sent."""
    if not (_UUID.fullmatch(call.integration_id) and _UUID.fullmatch(call.action_id)):
        raise ValueError("the ids of an integration's action are UUIDs")
    return template.prepare(
        f"/integrations/{call.integration_id}/actions/{call.action_id}",
        orjson.dumps(call.fields),
        {"Idempotency-Key": f"{key_prefix}-{call.action_id}"},
    )


def replaced_id(call: IntegrationActionReplacement) -> str:
    """The core answers with the id that it was asked for."""
    return call.action_id
