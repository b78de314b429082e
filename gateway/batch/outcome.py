"""What became of each item, and of the batch. No HTTP, no clock.

An outcome is the updated item as JSON, or an ItemError.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import orjson

from gateway.admission.idempotency.journal import UPDATED, stored_update
from gateway.item_codes import ITEM_CODES, Applied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# As objects, a batch of items would take ten times the memory.
Updated = bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemError:
    """An item that was not updated (``contract.md`` 1.3); ``retry_after`` in seconds.

    ``errors`` and ``message`` are the core's words, by public field and about none.
    ``reason`` is for logs only.
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
        """Whether a repeat replays this error (``contract.md`` 1.5)."""
        return ITEM_CODES[self.code].final

    def with_retry_advice(self, *, repeats_unknown: bool) -> ItemError:
        """``retryable`` of an item that may have been updated (``contract.md`` 1.5)."""
        # A second call is safe only where the core applies a key once.
        if self.outcome is not Applied.UNKNOWN:
            return self
        return replace(self, retryable=repeats_unknown and not self.is_final)

    def stored(self) -> dict[str, Any]:
        """For the journal."""
        kept = asdict(self)
        del kept["reason"]
        return kept

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> ItemError:
        return cls(**{**stored, "outcome": Applied(stored["outcome"])})

    @classmethod
    def told(cls, body: Mapping[str, Any]) -> ItemError:
        """Of the ``body`` that it was answered with."""
        return cls.restored({name: body[name] for name in _TOLD if name in body})

    def body(self, index: int | None, id_name: str, item_id: object) -> dict[str, object]:
        """For the answer."""
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
_TOLD = [each.name for each in fields(ItemError) if each.name != "reason"]


def stored(outcome: Outcome) -> bytes:
    """JSON for a journal."""
    if isinstance(outcome, ItemError):
        return orjson.dumps({"error": outcome.stored()})
    return stored_update(outcome)


def restored(payload: bytes) -> Outcome:
    # Items are large, and are answered as they are.
    if payload.startswith(UPDATED):
        return payload[len(UPDATED) : -1]
    return ItemError.restored(orjson.loads(payload)["error"])


FailedAt = tuple[int, str, ItemError]
"""An item error with the item's index and id."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status of a batch; ``problem`` where nothing was updated."""

    status: int
    problem: str = ""
    retry_after: int | None = None


_ALL_UPDATED = Verdict(200)


def verdict(items: int, errors: Sequence[ItemError]) -> Verdict:
    """``errors`` has those that failed (``contract.md`` 1.3)."""
    if not errors:
        return _ALL_UPDATED
    hint = _retry_after(errors)
    if len(errors) < items:
        return Verdict(207, retry_after=hint)
    status, problem = _of_failures(errors)
    return Verdict(status, problem, hint)


def _of_failures(errors: Sequence[ItemError]) -> tuple[int, str]:
    """What the caller has to do next, most urgent first."""
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
    """The longest wait, in seconds."""
    # Waiting alone does not show what became of an unknown item.
    if any(error.outcome is Applied.UNKNOWN for error in errors):
        return None
    return max((error.retry_after for error in errors if error.retry_after is not None), default=None)


def whole_seconds(seconds: float | None) -> int | None:
    """For ``Retry-After``: rounded up, at least 1."""
    return None if seconds is None else max(1, math.ceil(seconds))
