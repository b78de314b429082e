"""What became of each item, and what all of them together mean. Pure: no HTTP, no clock, no core.

An outcome is either the updated item in public words, as JSON, or an ItemError; its place in the list is the item's
index. As JSON, since nobody reads an item again, and as objects a batch of them would take ten times the memory.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gateway.item_codes import ITEM_CODES, Applied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Updated = bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemError:
    """One item that was not updated (``contract.md`` 1.3, item error); ``retry_after`` is in whole seconds.

    ``reason`` is for logs only: it is neither shown nor kept.
    ``errors`` are the core's words by public field, ``message`` those that are about no field.
    """

    status: int
    code: str
    detail: str
    outcome: Applied
    retryable: bool = False
    retry_after: int | None = None
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reason: str = field(default="", compare=False)
    message: str = ""

    @property
    def is_final(self) -> bool:
        """Whether the core has decided on the item, so that a repeat replays this error (``contract.md`` 1.5)."""
        return ITEM_CODES[self.code].final

    def with_retry_advice(self, *, repeats_unknown: bool) -> ItemError:
        """The error with the word on what may have been applied: to send it again helps where the key makes that safe.

        That is where the batch has a key and the core applies a key once (``contract.md`` 1.5); then a repeat sends it.
        """
        if self.outcome is not Applied.UNKNOWN:
            return self
        return replace(self, retryable=repeats_unknown and not self.is_final)

    def stored(self) -> dict[str, Any]:
        """The error as the idempotency journal keeps it."""
        kept = asdict(self)
        del kept["reason"]
        return kept

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> ItemError:
        """The error that ``stored`` was made from."""
        return cls(**{**stored, "outcome": Applied(stored["outcome"])})

    def body(self, index: int | None, id_name: str, item_id: object) -> dict[str, object]:
        """The error as the answer shows it; ``id_name`` is the member that holds the item's id."""
        shown: dict[str, object] = {
            "index": index,
            id_name: item_id,
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
        if self.message:
            shown["message"] = self.message
        return shown


Outcome = Updated | ItemError
FailedAt = tuple[int, str, ItemError]
"""An item error with the item's index and id."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status of a whole batch, and the problem type where nothing was updated."""

    status: int
    problem: str = ""
    retry_after: int | None = None


def verdict(items: int, errors: Sequence[ItemError]) -> Verdict:
    """The answer's status for a batch of ``items`` of which some ended in ``errors`` (``contract.md`` 1.3)."""
    if not errors:
        return Verdict(200)
    hint = _retry_after(errors)
    if len(errors) < items:
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


def whole_seconds(seconds: float | None) -> int | None:
    """A wait as ``Retry-After`` shows it: rounded up, at least 1."""
    return None if seconds is None else max(1, math.ceil(seconds))
