from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any

from gateway.jobs.result_pages import ChunkRow, ResultRow
from gateway.jobs.sqlite.job_rows import selected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.jobs.result_lines import Kind
    from gateway.jobs.sqlite.job_rows import Rows

_SETTLED = (
    "SELECT number, body, applied + failed + unknown FROM result WHERE job = ? AND number >= ? {kind} ORDER BY number"
)
_OPEN = (
    "SELECT chunk.*, calls.body AS calls FROM chunk JOIN calls ON calls.chunk = chunk.number"
    " WHERE job = ? AND is_done = 0 AND number >= ? ORDER BY number"
)
_KINDS: Mapping[Kind | None, str] = {
    None: "",
    "applied": "AND result.applied > 0",
    "failed": "AND result.failed > 0",
    "unknown": "AND result.unknown > 0",
}


class JobResults:
    """Read in the caller's transaction."""

    def __init__(self, rows: Rows, job_id: str) -> None:
        self._rows = rows
        self._job_id = job_id

    def settled(self, wanted: Kind | None, number: int) -> Iterator[ResultRow]:
        query = _SETTLED.format(kind=_KINDS[wanted])
        return starmap(ResultRow, self._rows.execute(query, (self._job_id, number)))

    def open_chunks(self, number: int) -> Iterator[ChunkRow]:
        return map(_chunk, selected(self._rows, _OPEN, (self._job_id, number)))


def _chunk(row: dict[str, Any]) -> ChunkRow:
    return ChunkRow(
        row["number"], row["part"], row["line"], row["first_index"], row["items"], row["calls"], int(row["settled"], 16)
    )
