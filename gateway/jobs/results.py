"""What became of a job's items, as its partner reads it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from gateway.admission.idempotency.journal import items_event, replay
from gateway.batch.outcome import ItemError
from gateway.item_codes import Applied

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.admission.idempotency.journal import Entry
    from gateway.batch.outcome import Outcome
    from gateway.jobs.chunk import Lease
    from legacy_client.calls import Update

Kind = Literal["applied", "failed", "unknown", "unprocessed"]


# Not frozen: one is made for each item that is read, and would take twice as long to make.
@dataclass(slots=True)
class ResultLine:
    """``index`` counts over all parts, from 0; ``line`` in its part, from 1. ``outcome`` None: not processed.

    ``call`` is what the core was sent, or would have been.
    """

    index: int
    part: int
    line: int
    call: Update
    outcome: Outcome | None

    @property
    def item_id(self) -> str:
        return self.call.id

    @property
    def kind(self) -> Kind:
        return "unprocessed" if self.outcome is None else kind_of(self.outcome)


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Lines in the order in which they were settled. ``cursor`` continues after them.

    ``is_last``: the job has ended, and nothing follows.
    """

    lines: Sequence[ResultLine]
    cursor: str
    is_last: bool


class Cursor(NamedTuple):
    """Written ``s12.3`` or ``u7.0``. The settled lines come first, then those that were not processed.

    ``row``: the last row that was read in part, and ``line``: how many of its lines.
    """

    table: Literal["s", "u"] = "s"
    row: int = 0
    line: int = 0

    def __str__(self) -> str:
        return f"{self.table}{self.row}.{self.line}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """An empty text is the begin. Raises ValueError."""
        if not text:
            return cls()
        table, (row, dot, line) = text[0], text[1:].partition(".")
        if table not in ("s", "u") or not (dot and _is_number(row) and _is_number(line)):
            raise ValueError("must be a cursor of this job's results")
        return cls("s" if table == "s" else "u", int(row), int(line))


def kind_of(outcome: Outcome) -> Kind:
    if not isinstance(outcome, ItemError):
        return "applied"
    return "unknown" if outcome.outcome is Applied.UNKNOWN else "failed"


def pack_results(entries: Iterable[Entry]) -> bytes:
    """At zlib's level 1."""
    return zlib.compress(items_event(entries), 1)


def unpack_results(packed: bytes) -> Sequence[Entry]:
    """As they were packed. Raises ValueError."""
    return tuple(replay([zlib.decompress(packed)]).values())


def journal_of(lease: Lease) -> list[bytes]:
    """All that earlier runs told. What cannot be read is an empty event, which is none of a journal."""
    # What is published is settled, whatever else the journal has of it.
    return [*lease.events, *map(_event, lease.published)]


def _event(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error:
        return b""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15
