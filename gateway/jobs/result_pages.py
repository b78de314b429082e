"""How a page of results is read, whatever the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from gateway.batch.outcome import restored
from gateway.jobs.chunk import shown
from gateway.jobs.results import Cursor, ResultLine, ResultPage, unpack_results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.jobs.results import Kind
    from legacy_client.calls import Update

    # As a Cursor is, which takes five times as long to make.
    _Place = tuple[Literal["s", "u"], int, int]

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
    place: _Place = since
    for read, (place, line) in enumerate(_lines(source, wanted, since, has_ended=has_ended), 1):
        if wanted is None or wanted == line.kind:
            lines.append(line)
        if len(lines) >= most or read >= _MOST_READ * most:
            return ResultPage(lines, str(Cursor(*place)), is_last=False)
    return ResultPage(lines, str(Cursor(*place)), is_last=has_ended)


def _lines(
    source: ResultSource, wanted: Kind | None, since: Cursor, *, has_ended: bool
) -> Iterator[tuple[_Place, ResultLine]]:
    """Each with the place behind it."""
    if since.table == "s" and wanted != "unprocessed":
        yield from _settled(source, wanted, since)
    if has_ended and wanted in (None, "unprocessed"):
        yield from _unprocessed(source, since if since.table == "u" else Cursor("u"))


def _settled(source: ResultSource, wanted: Kind | None, since: Cursor) -> Iterator[tuple[_Place, ResultLine]]:
    number = 0
    calls: list[Update] = []
    for row in source.settled(wanted, since.row):
        chunk = row.chunk
        # The rows of a chunk mostly come one after the other.
        if chunk.number != number:
            number, calls = chunk.number, shown(chunk.calls, chunk.items)
        known = since.line if row.number == since.row else 0
        for at, entry in enumerate(unpack_results(row.body), 1):
            if at > known:
                yield ("s", row.number, at), _line(chunk, calls[entry.index], entry.index, entry.payload)


def _unprocessed(source: ResultSource, since: Cursor) -> Iterator[tuple[_Place, ResultLine]]:
    for chunk in source.open_chunks(since.row):
        known = since.line if chunk.number == since.row else 0
        for offset, call in enumerate(shown(chunk.calls, chunk.items)):
            if offset >= known and not chunk.settled >> offset & 1:
                yield ("u", chunk.number, offset + 1), _line(chunk, call, offset, b"")


def _line(chunk: ChunkRow, call: Update, offset: int, payload: bytes) -> ResultLine:
    return ResultLine(
        index=chunk.first_index + offset,
        part=chunk.part,
        line=chunk.line + offset + 1,
        call=call,
        outcome=restored(payload) if payload else None,
    )
