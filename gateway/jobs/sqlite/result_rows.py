"""A job's results, read a page at a time in the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.batch.outcome import restored
from gateway.jobs.chunk import unpack
from gateway.jobs.results import Cursor, ResultLine, ResultPage, unpack_results
from gateway.jobs.sqlite.job_rows import selected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.jobs.results import Kind
    from gateway.jobs.sqlite.job_rows import Rows

# So that a page of few among many holds the file for a moment only.
_MOST_READ = 20
_SETTLED = (
    "SELECT result.number AS at, result.body, chunk.* FROM result JOIN chunk ON chunk.number = result.chunk"
    " WHERE result.job = ? AND result.number >= ? {kind} ORDER BY result.number"
)
_UNPROCESSED = "SELECT number AS at, * FROM chunk WHERE job = ? AND is_done = 0 AND number >= ? ORDER BY number"
_KINDS: Mapping[Kind | None, str] = {
    None: "",
    "applied": "AND result.applied > 0",
    "failed": "AND result.failed > 0",
    "unknown": "AND result.unknown > 0",
}


def read_page(rows: Rows, job_id: str, wanted: Kind | None, since: Cursor, most: int, *, has_ended: bool) -> ResultPage:
    lines: list[ResultLine] = []
    cursor = since
    for read, (cursor, line) in enumerate(_lines(rows, job_id, wanted, since, has_ended=has_ended), 1):
        if wanted in (None, line.kind):
            lines.append(line)
        if len(lines) >= most or read >= _MOST_READ * most:
            return ResultPage(lines, str(cursor), is_last=False)
    return ResultPage(lines, str(cursor), is_last=has_ended)


def _lines(
    rows: Rows, job_id: str, wanted: Kind | None, since: Cursor, *, has_ended: bool
) -> Iterator[tuple[Cursor, ResultLine]]:
    """Each with the cursor behind it."""
    if since.table == "s" and wanted != "unprocessed":
        yield from _settled(rows, job_id, wanted, since)
    if has_ended and wanted in (None, "unprocessed"):
        yield from _unprocessed(rows, job_id, since if since.table == "u" else Cursor("u"))


def _settled(rows: Rows, job_id: str, wanted: Kind | None, since: Cursor) -> Iterator[tuple[Cursor, ResultLine]]:
    query = _SETTLED.format(kind=_KINDS[wanted])
    chunk, calls = 0, []
    for row in selected(rows, query, (job_id, since.row)):
        if row["number"] != chunk:
            chunk, calls = row["number"], unpack(row["calls"])
        for at, entry in enumerate(unpack_results(row["body"]), 1):
            cursor = Cursor("s", row["at"], at)
            if cursor > since:
                yield cursor, _line(row, calls[entry.index], entry.index, entry.payload)


def _unprocessed(rows: Rows, job_id: str, since: Cursor) -> Iterator[tuple[Cursor, ResultLine]]:
    for row in selected(rows, _UNPROCESSED, (job_id, since.row)):
        settled = int(row["settled"], 16)
        for offset, call in enumerate(unpack(row["calls"])):
            cursor = Cursor("u", row["at"], offset + 1)
            if not settled >> offset & 1 and cursor > since:
                yield cursor, _line(row, call, offset, b"")


def _line(row: dict[str, Any], call: Any, offset: int, payload: bytes) -> ResultLine:
    return ResultLine(
        index=row["first_index"] + offset,
        part=row["part"],
        line=row["line"] + offset + 1,
        call=call,
        outcome=restored(payload) if payload else None,
    )
