"""What became of a job's items, as it is stored and read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from gateway.admission.idempotency.journal import Entry, items_event
from gateway.batch.outcome import stored
from gateway.jobs.packing import UnreadableTextError, unpacked
from gateway.jobs.result_lines import read_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.jobs.chunk import Lease
    from gateway.jobs.result_lines import ResultLine


@dataclass(frozen=True, slots=True)
class ResultPage:
    """``told``: lines as they are sent, in the order in which they were settled. ``unprocessed`` follow them.

    ``cursor`` continues after them. ``is_last``: the job has ended, and nothing follows.
    """

    told: bytes
    unprocessed: Sequence[ResultLine]
    cursor: str
    is_last: bool

    @property
    def lines(self) -> Sequence[ResultLine]:
        return [*map(read_line, self.told.splitlines()), *self.unprocessed]

    @property
    def is_empty(self) -> bool:
        return not (self.told or self.unprocessed)


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


def journal_of(lease: Lease) -> list[bytes]:
    """All that earlier runs told. What cannot be read is an empty event, which is none of a journal."""
    # What is published is settled, whatever else the journal has of it.
    return [*lease.events, *(_event(body, lease.first_index) for body in lease.published)]


def _event(body: bytes, first_index: int) -> bytes:
    try:
        lines = [read_line(text) for text in unpacked(body).splitlines()]
    except (UnreadableTextError, ValueError):
        return b""
    return items_event(
        Entry(line.index - first_index, "final", stored(line.outcome)) for line in lines if line.outcome is not None
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15
