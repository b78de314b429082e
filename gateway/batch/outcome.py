"""What became of each item, and what all of them together mean. Pure: no HTTP, no clock, no core.

An outcome is either the updated action in public words, as JSON, or an ItemError; its place in the list is the item's
index. As JSON, since nobody reads an action again, and as objects a batch of them would take ten times the memory.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Action = bytes


class Applied(StrEnum):
    """Whether a failed item reached the core's data (``contract.md`` 1.3, ``outcome``)."""

    NOT_APPLIED = "not_applied"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


ITEM_CODES: Mapping[str, str] = {
    "not_found": "The core does not know this action.",
    "rejected": "The core refused the values; `errors` holds its messages by field.",
    "conflict": "The core refused the update because of the action's present state.",
    "core_busy": "The core asked to come back later and the time for retries ran out.",
    "core_unreachable": "No connection to the core; nothing was sent.",
    "core_timeout": "The core did not answer in time; the update may have been applied.",
    "core_error": "The core failed on this update (5xx).",
    "core_broke_off": "The connection broke before the answer was complete; the update may have been applied.",
    "core_bad_answer": "The core's answer cannot be read; the update may have been applied.",
    "core_misconfigured": "The core and the gateway are not set up for each other; operators were told.",
    "deadline": "The batch's time ran out before this item was sent.",
    "circuit_open": "The core is failing; this item was held back.",
    "shutting_down": "The gateway is stopping; this item was not sent.",
    "journal_unavailable": "The idempotency journal could not be written; this item was held back.",
    "client_gone": "The caller left before this item was sent.",
    "interrupted": "An earlier run of this batch was cut off; the update may have been applied.",
    "internal_error": "A fault of the gateway itself; operators were told.",
}
"""The closed list of item error codes, each with its meaning."""
_DECIDED = frozenset({"not_found", "rejected", "conflict"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemError:
    """One item that was not updated (``contract.md`` 1.3, item error); ``retry_after`` is in whole seconds."""

    status: int
    code: str
    detail: str
    outcome: Applied
    retryable: bool = False
    retry_after: int | None = None
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Whether the core has decided on the item, so that a repeat replays this error (``contract.md`` 1.5)."""
        return self.code in _DECIDED

    def stored(self) -> dict[str, Any]:
        """The error as the idempotency journal keeps it."""
        return asdict(self)

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> ItemError:
        """The error that ``stored`` was made from."""
        return cls(**{**stored, "outcome": Applied(stored["outcome"])})

    def body(self, index: int | None, action_id: object) -> dict[str, object]:
        """The error as the answer shows it."""
        shown: dict[str, object] = {
            "index": index,
            "actionId": action_id,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "outcome": self.outcome.value,
            "retryable": self.retryable,
        }
        if self.retry_after is not None:
            shown["retry_after"] = self.retry_after
        if self.errors:
            shown["errors"] = self.errors
        return shown


Outcome = Action | ItemError
FailedAt = tuple[int, str, ItemError]
"""An item error with the item's index and actionId."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status of a whole batch, and the problem type where nothing was updated."""

    status: int
    problem: str = ""
    retry_after: int | None = None


def verdict(outcomes: Sequence[Outcome]) -> Verdict:
    """The answer's status for all outcomes of one batch (``contract.md`` 1.3)."""
    errors = [outcome for outcome in outcomes if type(outcome) is ItemError]
    if not errors:
        return Verdict(200)
    hint = _retry_after(errors)
    if len(errors) < len(outcomes):
        return Verdict(207, retry_after=hint)
    status, problem = _of_failures(errors)
    return Verdict(status, problem, hint)


def _of_failures(errors: Sequence[ItemError]) -> tuple[int, str]:
    """What the caller has to do next, most urgent first: reconcile, wait, have it mended, fix the request."""
    codes = {error.code for error in errors}
    if any(error.outcome is Applied.UNKNOWN for error in errors):
        return (504, "core-timed-out") if "core_timeout" in codes else (502, "core-failed")
    if any(error.retryable for error in errors):
        return 503, "temporarily-unavailable"
    if "core_misconfigured" in codes:
        return 502, "core-misconfigured"
    if "internal_error" in codes:
        return 500, "internal-error"
    return (404, "not-found") if codes == {"not_found"} else (400, "core-rejected")


def _retry_after(errors: Sequence[ItemError]) -> int | None:
    """The largest wait asked for; none while any item is unknown, since waiting alone does not settle those."""
    if any(error.outcome is Applied.UNKNOWN for error in errors):
        return None
    return max((error.retry_after for error in errors if error.retry_after is not None), default=None)


def failures(action_ids: Sequence[str], outcomes: Sequence[Outcome]) -> list[FailedAt]:
    """The items that were not updated, in input order."""
    return [(index, action_ids[index], outcome) for index, outcome in enumerate(outcomes) if type(outcome) is ItemError]


def in_order(count: int, finished: Iterable[tuple[int, Outcome]]) -> list[Outcome]:
    """Outcomes by index from however they finished; each index below ``count`` must come exactly once."""
    outcomes: list[Any] = [None] * count
    for index, outcome in finished:
        outcomes[index] = outcome
    return outcomes


def whole_seconds(seconds: float | None) -> int | None:
    """A wait as ``Retry-After`` shows it: rounded up, at least 1."""
    return None if seconds is None else max(1, math.ceil(seconds))
