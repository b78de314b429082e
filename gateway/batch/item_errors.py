from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.batch.outcome import ItemError, whole_seconds
from gateway.item_codes import ITEM_CODES, Applied, ItemCode, detail
from legacy_client import errors as core

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    FieldNames = Callable[[Mapping[str, Sequence[str]]], dict[str, list[str]]]

_CODES: Mapping[type[core.CoreError], str] = {
    core.Unreachable: "core_unreachable",
    core.Untrusted: "core_misconfigured",
    core.Misconfigured: "core_misconfigured",
    core.Unsendable: "internal_error",
    core.CircuitOpen: "circuit_open",
    core.TimedOut: "core_timeout",
    core.BrokenOff: "core_broke_off",
    core.BadAnswer: "core_bad_answer",
    core.ServerFailed: "core_error",
    core.Busy: "core_busy",
    core.Locked: "core_busy",
    core.NotFound: "not_found",
    core.Conflict: "conflict",
    core.AccessDenied: "core_misconfigured",
    core.Rejected: "rejected",
}
_EARLIER = "An earlier call may have updated it."


# Each batch makes one; frozen, that would cost three times as much.
@dataclass(slots=True)
class ItemErrors:
    """``name`` is what an item is called; ``to_public`` renames the core's fields."""

    name: str
    to_public: FieldNames

    def from_core(self, error: core.CoreError, item_id: object) -> ItemError:
        code = error.reason if isinstance(error, core.Stopped) else _CODES.get(type(error), "core_bad_answer")
        row = ITEM_CODES[code]
        return ItemError(
            status=_status(error, row),
            code=code,
            detail=detail(code, self.name, item_id, error.status if isinstance(error, core.Busy) else 0),
            outcome=_applied(error),
            retryable=row.retryable,
            retry_after=whole_seconds(error.retry_after) if row.retryable else None,
            errors=self.to_public(error.errors) if isinstance(error, core.SaidNo) and error.errors else {},
            reason=error.reason,
            message=_message(error),
        )

    def internal(self, item_id: object, outcome: Applied) -> ItemError:
        return self._made("internal_error", item_id, outcome)

    def interrupted(self, item_id: object, outcome: Applied = Applied.UNKNOWN) -> ItemError:
        """An earlier run settled the item no further (``contract.md`` 1.5)."""
        return self._made("interrupted", item_id, outcome)

    def abandoned(self, item_id: object, outcome: Applied) -> ItemError:
        """No run of a job could settle the item (``contract.md`` 1.6)."""
        return self._made("chunk_abandoned", item_id, outcome)

    def _made(self, code: str, item_id: object, outcome: Applied) -> ItemError:
        row = ITEM_CODES[code]
        return ItemError(
            status=row.status,
            code=code,
            detail=detail(code, self.name, item_id),
            outcome=outcome,
            retryable=row.retryable,
        )


def refused_later(error: ItemError) -> ItemError:
    """An earlier run may have updated the item."""
    return replace(error, outcome=Applied.UNKNOWN, detail=f"{error.detail} {_EARLIER}")


def _message(error: core.CoreError) -> str:
    """The core's words about the caller's values, if about no field."""
    return error.message if isinstance(error, (core.Rejected, core.Conflict)) and not error.errors else ""


def _status(error: core.CoreError, row: ItemCode) -> int:
    """A refusal's own, but for that of a 2xx: to a caller it would say that the item was updated."""
    return error.status if isinstance(error, core.Rejected) and error.status >= 400 else row.status


def _applied(error: core.CoreError) -> Applied:
    if error.may_have_been_applied:
        return Applied.UNKNOWN
    return Applied.NOT_SENT if isinstance(error, core.NotSent) else Applied.NOT_APPLIED
