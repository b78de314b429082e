"""The core's own error shape, and the faults that speak it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from sandbox.server.faults import Fault, common_faults, instead
from sandbox.server.messages import Answer, Refusal, json_answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SLOW_SECONDS = 3.0

_MESSAGES = {
    400: "The request cannot be read.",
    401: "Unauthenticated.",
    403: "This action is unauthorized.",
    404: "No query results.",
    409: "It was changed by someone else.",
    422: "The given data was invalid.",
    429: "Too many attempts.",
    503: "Service unavailable.",
}
_RETRY_AFTER = {429: 1, 503: 1}


def legacy_error(status: int, message: str = "", errors: Mapping[str, Sequence[str]] | None = None) -> Answer:
    """``{"message", "errors", "status_code"}``, with ``Retry-After`` where the core asks for it."""
    body = {"message": message or _MESSAGES.get(status, "Server error."), "errors": errors or {}, "status_code": status}
    wait = (("Retry-After", str(_RETRY_AFTER[status])),) if status in _RETRY_AFTER else ()
    return json_answer(body, status, *wait)


def refuse(status: int, message: str = "", errors: Mapping[str, Sequence[str]] | None = None) -> Refusal:
    """``legacy_error``, to raise."""
    return Refusal(legacy_error(status, message, errors))


def core_faults() -> dict[str, Fault]:
    """Every fault of the core by name."""
    table = common_faults(legacy_error, SLOW_SECONDS)
    for status in (401, 403, 404, 409):
        table[str(status)] = instead(legacy_error(status), f"{status}; nothing applied")
    reasons = {"due_at": ["The due date lies in a closed period."], "state": ["The workflow forbids this state."]}
    table["rejected"] = instead(legacy_error(422, errors=reasons), "422 with errors by field; nothing applied")
    table["wrong-id"] = Fault(True, _of_another, "200 about another id; applied")
    return table


def _of_another(answer: Answer) -> Answer:
    value = orjson.loads(answer.body)
    value["data"]["id"] = value["data"]["id"] + 1 if isinstance(value["data"]["id"], int) else "0" * 8
    return replace(answer, body=orjson.dumps(value))
