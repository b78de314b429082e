"""From what the core's client says of a failed call to the item error that the caller reads. One table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.batch.outcome import Applied, ItemError, whole_seconds
from legacy_client import errors as core

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    FieldNames = Callable[[Mapping[str, Sequence[str]]], dict[str, list[str]]]

_STATUS: Mapping[type[core.CoreError], tuple[int, str, bool]] = {
    core.Unreachable: (503, "core_unreachable", True),
    core.Untrusted: (502, "core_misconfigured", False),
    core.Unsendable: (500, "internal_error", False),
    core.CircuitOpen: (503, "circuit_open", True),
    core.TimedOut: (504, "core_timeout", True),
    core.BrokenOff: (502, "core_broke_off", True),
    core.BadAnswer: (502, "core_bad_answer", False),
    core.ServerFailed: (502, "core_error", True),
    core.Busy: (503, "core_busy", True),
    core.NotFound: (404, "not_found", False),
    core.Conflict: (409, "conflict", False),
    core.AccessDenied: (502, "core_misconfigured", False),
}
_STOPPED = {"deadline": 504, "shutting_down": 503, "client_gone": 503, "journal_unavailable": 503}
_DETAIL = {
    "not_found": "Action {} was not found.",
    "rejected": "The core rejected the update of action {}.",
    "conflict": "The update of action {} conflicts with its present state.",
    "core_busy": "The core was too busy to update action {}.",
    "core_unreachable": "The core could not be reached; action {} was not sent.",
    "core_timeout": "The core did not answer in time; action {} may have been updated.",
    "core_error": "The core failed while updating action {}.",
    "core_broke_off": "The core broke off before it answered; action {} may have been updated.",
    "core_bad_answer": "The core's answer cannot be read; action {} may have been updated.",
    "core_misconfigured": "The core cannot be used as it is set up; action {} was not updated.",
    "deadline": "Time ran out before action {} was sent.",
    "circuit_open": "The core is failing; action {} was not sent.",
    "shutting_down": "The gateway is stopping; action {} was not sent.",
    "journal_unavailable": "The idempotency journal could not be written; action {} was not sent.",
    "client_gone": "The caller left before action {} was sent.",
    "interrupted": "An earlier run was cut off; action {} may have been updated.",
    "internal_error": "The gateway failed on action {}.",
}

_EARLIER = "An earlier call may have updated it."


def from_core(error: core.CoreError, action_id: object, to_public: FieldNames) -> ItemError:
    """The item error for a failed call; ``to_public`` renames the fields of the core's messages."""
    if isinstance(error, core.Stopped):
        status, code, retryable = _STOPPED.get(error.reason, 503), error.reason, True
    elif isinstance(error, core.Rejected):
        status, code, retryable = error.status, "rejected", False
    else:
        status, code, retryable = _STATUS.get(type(error), (502, "core_bad_answer", False))
    return ItemError(
        status=status,
        code=code,
        detail=_DETAIL[code].format(action_id),
        outcome=_applied(error),
        retryable=retryable,
        retry_after=whole_seconds(error.retry_after) if retryable else None,
        errors=to_public(error.errors) if isinstance(error, core.SaidNo) and error.errors else {},
    )


def internal(action_id: object, outcome: Applied) -> ItemError:
    """A fault of our own while handling one item; the others go on."""
    return ItemError(
        status=500, code="internal_error", detail=_DETAIL["internal_error"].format(action_id), outcome=outcome
    )


def interrupted(action_id: object) -> ItemError:
    """An item of an earlier run that was marked as sent and never answered (``contract.md`` 1.5)."""
    detail = _DETAIL["interrupted"].format(action_id)
    return ItemError(status=502, code="interrupted", detail=detail, outcome=Applied.UNKNOWN, retryable=True)


def refused_later(error: ItemError) -> ItemError:
    """The core's refusal of an item that an earlier run had sent without learning what became of it."""
    return replace(error, outcome=Applied.UNKNOWN, detail=f"{error.detail} {_EARLIER}")


def unreadable(action_id: object) -> ItemError:
    """An answer that has the core's shape but values that cannot be translated."""
    return from_core(core.BadAnswer("untranslatable"), action_id, lambda _errors: {})


def _applied(error: core.CoreError) -> Applied:
    if error.may_have_been_applied:
        return Applied.UNKNOWN
    return Applied.NOT_SENT if isinstance(error, core.NotSent) else Applied.NOT_APPLIED
