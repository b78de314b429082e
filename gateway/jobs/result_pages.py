"""How a page of results is read, whatever the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.jobs.chunk import shown
from gateway.jobs.packing import unpacked
from gateway.jobs.result_lines import ResultLine, kind_in
from gateway.jobs.results import Cursor, ResultPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.jobs.result_lines import Kind

# So that a page of few among many holds the store, and who asked, for a few milliseconds only.
_MOST_READ = 2


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """Bit n of ``settled``: item n is settled."""

    number: int
    part: int
    line: int
    first_index: int
    items: int
    calls: bytes
    settled: int


@dataclass(frozen=True, slots=True)
class ResultRow:
    """``body`` has so many ``lines``, packed."""

    number: int
    body: bytes
    lines: int


class ResultSource(Protocol):
    """The rows of one job, by number."""

    def settled(self, wanted: Kind | None, number: int) -> Iterator[ResultRow]:
        """From ``number`` on; those without any ``wanted`` line may be left out."""
        ...

    def open_chunks(self, number: int) -> Iterator[ChunkRow]:
        """From ``number`` on, those that are not settled as a whole."""
        ...


def read_page(source: ResultSource, wanted: Kind | None, since: Cursor, most: int, *, has_ended: bool) -> ResultPage:
    page = _Page(wanted, most, since)
    if since.table == "s" and wanted != "unprocessed":
        for row in source.settled(wanted, since.row):
            if not page.has_room():
                break
            page.add(row)
    if page.has_room() and has_ended and wanted in (None, "unprocessed"):
        for chunk in source.open_chunks(since.row if since.table == "u" else 0):
            if not page.has_room():
                break
            page.add_unprocessed(chunk)
    return page.read(is_last=has_ended)


class _Page:
    """What was read, and where it ends. It is full after ``most`` lines, or when too many were passed by."""

    def __init__(self, wanted: Kind | None, most: int, since: Cursor) -> None:
        self._wanted = wanted
        self._left, self._left_to_read = most, _MOST_READ * most
        self._place = since
        self._told: list[bytes] = []
        self._unprocessed: list[ResultLine] = []

    def has_room(self) -> bool:
        return self._left > 0 and self._left_to_read > 0

    def read(self, *, is_last: bool) -> ResultPage:
        is_over = is_last and self.has_room()
        return ResultPage(b"".join(self._told), self._unprocessed, str(self._place), is_last=is_over)

    def add(self, row: ResultRow) -> None:
        text = unpacked(row.body)
        known, lines = self._known("s", row.number), row.lines
        if self._wanted is None and not known and lines <= self._left:
            # The usual case: nobody looks into them.
            self._told.append(text)
            self._left -= lines
            self._left_to_read -= lines
            self._place = Cursor("s", row.number, lines)
            return
        for at, line in enumerate(text.splitlines(keepends=True)[known:], known + 1):
            if not self.has_room():
                return
            self._pass(Cursor("s", row.number, at))
            if self._wanted is None or self._wanted == kind_in(line):
                self._told.append(line)
                self._left -= 1

    def add_unprocessed(self, chunk: ChunkRow) -> None:
        known = self._known("u", chunk.number)
        for offset, call in enumerate(shown(chunk.calls, chunk.items)):
            if offset < known or chunk.settled >> offset & 1:
                continue
            if not self.has_room():
                return
            self._pass(Cursor("u", chunk.number, offset + 1))
            line = ResultLine(chunk.first_index + offset, chunk.part, chunk.line + offset + 1, call.id, None)
            self._unprocessed.append(line)
            self._left -= 1

    def _known(self, table: str, row: int) -> int:
        """How many lines of it were read before."""
        place = self._place
        return place.line if (place.table, place.row) == (table, row) else 0

    def _pass(self, place: Cursor) -> None:
        self._place = place
        self._left_to_read -= 1
