"""What became of one item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["applied", "not_applied", "not_sent", "unknown"]
"""``applied``, or an ``outcome`` of the contract (``contract.md`` 1.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One item's end.

    ``index`` counts the items from 0. ``code`` and ``detail`` say why it was not applied.
    ``retryable``: sending it again can help.
    ``updated`` is the item as the core has it now, where it was applied in this run.
    """

    index: int
    item_id: str
    outcome: Kind
    code: str = ""
    detail: str = ""
    retryable: bool = False
    updated: Mapping[str, Any] | None = None


class Failure(NamedTuple):
    """An item of a chunk that was not applied; ``place`` counts the chunk's items from 0, those left out too."""

    place: int
    code: str
    detail: str
    outcome: Kind
    retryable: bool


class Counts(NamedTuple):
    """How many items ended how; what is in none of them was not sent yet."""

    applied: int = 0
    failed: int = 0
    unknown: int = 0

    @classmethod
    def of(cls, sent: int, failures: list[Failure]) -> Counts:
        """Of ``sent`` items with these ``failures`` among them."""
        unknown = sum(failure.outcome == "unknown" for failure in failures)
        return cls(sent - len(failures), len(failures) - unknown, unknown)

    def plus(self, other: Counts) -> Counts:
        return Counts(self.applied + other.applied, self.failed + other.failed, self.unknown + other.unknown)

    @property
    def total(self) -> int:
        return self.applied + self.failed + self.unknown
