"""How a page of results is read, whatever the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.batch.outcome import restored
from gateway.jobs.chunk import shown
from gateway.jobs.results import Cursor, ResultLine, ResultPage, unpack_results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.jobs.results import Kind
    from legacy_client.calls import Update

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
    number: int
    body: bytes
    chunk: ChunkRow


class ResultSource(Protocol):
    """The rows of one job, by number."""

    def settled(self, wanted: Kind | None, number: int) -> Iterator[ResultRow]:
        """From ``number`` on; those without any ``wanted`` line may be left out."""
        ...

    def open_chunks(self, number: int) -> Iterator[ChunkRow]:
        """From ``number`` on, those that are not settled as a whole."""
        ...


def read_page(source: ResultSource, wanted: Kind | None, since: Cursor, most: int, *, has_ended: bool) -> ResultPage:
    lines: list[ResultLine] = []
    cursor = since
    for read, (cursor, line) in enumerate(_lines(source, wanted, since, has_ended=has_ended), 1):
        if wanted in (None, line.kind):
            lines.append(line)
        if len(lines) >= most or read >= _MOST_READ * most:
            return ResultPage(lines, str(cursor), is_last=False)
    return ResultPage(lines, str(cursor), is_last=has_ended)


def _lines(
    source: ResultSource, wanted: Kind | None, since: Cursor, *, has_ended: bool
) -> Iterator[tuple[Cursor, ResultLine]]:
    """Each with the cursor behind it."""
    if since.table == "s" and wanted != "unprocessed":
        yield from _settled(source, wanted, since)
    if has_ended and wanted in (None, "unprocessed"):
        yield from _unprocessed(source, since if since.table == "u" else Cursor("u"))


def _settled(source: ResultSource, wanted: Kind | None, since: Cursor) -> Iterator[tuple[Cursor, ResultLine]]:
    number = 0
    calls: list[Update] = []
    for row in source.settled(wanted, since.row):
        # The rows of a chunk mostly come one after the other.
        if row.chunk.number != number:
            number, calls = row.chunk.number, shown(row.chunk.calls, row.chunk.items)
        for at, entry in enumerate(unpack_results(row.body), 1):
            if (cursor := Cursor("s", row.number, at)) > since:
                yield cursor, _line(row.chunk, calls[entry.index], entry.index, entry.payload)


def _unprocessed(source: ResultSource, since: Cursor) -> Iterator[tuple[Cursor, ResultLine]]:
    for chunk in source.open_chunks(since.row):
        for offset, call in enumerate(shown(chunk.calls, chunk.items)):
            cursor = Cursor("u", chunk.number, offset + 1)
            if not chunk.settled >> offset & 1 and cursor > since:
                yield cursor, _line(chunk, call, offset, b"")


def _line(chunk: ChunkRow, call: Update, offset: int, payload: bytes) -> ResultLine:
    return ResultLine(
        index=chunk.first_index + offset,
        part=chunk.part,
        line=chunk.line + offset + 1,
        call=call,
        outcome=restored(payload) if payload else None,
    )
