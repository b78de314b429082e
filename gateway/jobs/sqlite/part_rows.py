"""Parts as they come in, run in the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.jobs.errors import (
    Duplicate,
    DuplicateItems,
    PartDiffers,
    PartsMissing,
    StoreFull,
    TooManyItems,
    TooManyParts,
)
from gateway.jobs.job import MOST_PARTS
from gateway.jobs.sqlite import job_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.jobs.chunk import Part, Piece
    from gateway.jobs.job import Bounds
    from gateway.jobs.sqlite.job_rows import Rows

_MOST_NAMED = 100
# One statement for all takes a third of the time of one for each.
_TAKE_IDS = "INSERT OR IGNORE INTO item (job, id, part, line) SELECT ?1, value, ?2, 1 + key FROM json_each(?3)"
_QUEUE = (
    "WITH begin AS (SELECT number, sum(items) OVER (ORDER BY number) - items AS first FROM part WHERE job = ?1)"
    " UPDATE chunk SET first_index = first + line, due_at = ?2 FROM begin WHERE job = ?1 AND part = begin.number"
)


def is_taken(rows: Rows, job_id: str, part: Part) -> bool:
    """Raises PartDiffers or TooManyParts."""
    if not 1 <= part.number <= MOST_PARTS:
        raise TooManyParts(MOST_PARTS)
    query = "SELECT digest FROM part WHERE job = ? AND number = ? AND is_refused = 0"
    found = rows.execute(query, (job_id, part.number)).fetchone()
    if found and found[0] != part.digest:
        raise PartDiffers
    return found is not None


def demand_room(row: dict[str, Any], items: int, size: int, used: int, bounds: Bounds) -> None:
    """Raises TooManyItems or StoreFull."""
    if row["total"] + items > bounds.job_items:
        raise TooManyItems(row["total"] + items, bounds.job_items)
    if used + size > bounds.bytes_for_parts:
        raise StoreFull


def insert(rows: Rows, job_id: str, part: Part, pieces: Sequence[Piece], now: float) -> None:
    items = sum(piece.items for piece in pieces)
    put = "INSERT OR REPLACE INTO part (job, number, digest, items, is_refused, traceparent) VALUES (?, ?, ?, ?, 0, ?)"
    rows.execute(put, (job_id, part.number, part.digest, items, part.traceparent))
    for piece in pieces:
        put = "INSERT INTO chunk (job, part, line, items) VALUES (?, ?, ?, ?)"
        chunk = rows.execute(put, (job_id, part.number, piece.line, piece.items)).lastrowid
        rows.execute("INSERT INTO calls (chunk, body) VALUES (?, ?)", (chunk, piece.calls))
    rows.execute(
        "UPDATE job SET total = total + ?, part_at = ?, version = version + 1 WHERE id = ?", (items, now, job_id)
    )


def refuse(rows: Rows, job_id: str, number: int, now: float) -> None:
    """A part that was taken stays."""
    if not 1 <= number <= MOST_PARTS:
        raise TooManyParts(MOST_PARTS)
    put = "INSERT OR IGNORE INTO part (job, number, digest, items, is_refused) VALUES (?, ?, '', 0, 1)"
    rows.execute(put, (job_id, number))
    rows.execute("UPDATE job SET part_at = ? WHERE id = ?", (now, job_id))


def take_ids(rows: Rows, job_id: str, number: int, item_ids: Sequence[str]) -> DuplicateItems | None:
    """None: each id is new in the job. Else nothing is kept."""
    rows.execute("SAVEPOINT ids")
    before = rows.total_changes
    rows.execute(_TAKE_IDS, (job_id, number, orjson.dumps(item_ids).decode()))
    problem = None
    if rows.total_changes - before < len(item_ids):
        problem = _duplicates(rows, job_id, number, item_ids)
        rows.execute("ROLLBACK TO ids")
    rows.execute("RELEASE ids")
    return problem


def _duplicates(rows: Rows, job_id: str, number: int, item_ids: Sequence[str]) -> DuplicateItems:
    found: list[Duplicate] = []
    total = 0
    query = "SELECT part, line FROM item WHERE job = ? AND id = ?"
    for line, item_id in enumerate(item_ids, 1):
        first_part, first_line = rows.execute(query, (job_id, item_id)).fetchone()
        if (first_part, first_line) != (number, line):
            total += 1
            if len(found) < _MOST_NAMED:
                index = _index(rows, job_id, first_part, first_line)
                found.append(Duplicate(line, item_id, first_part, first_line, index))
    return DuplicateItems(found, total)


def _index(rows: Rows, job_id: str, number: int, line: int) -> int | None:
    query = "SELECT count(*), total(items) FROM part WHERE job = ? AND number < ? AND is_refused = 0"
    parts, items = rows.execute(query, (job_id, number)).fetchone()
    return int(items) + line - 1 if parts == number - 1 else None


def demand_all(rows: Rows, job_id: str, parts: int) -> None:
    """Raises PartsMissing."""
    query = "SELECT number, is_refused FROM part WHERE job = ? ORDER BY number"
    there = dict(rows.execute(query, (job_id,)).fetchall())
    missing = [number for number in range(1, min(parts, MOST_PARTS) + 1) if number not in there]
    refused = [number for number, is_refused in there.items() if is_refused and number <= parts]
    surplus = [number for number in there if number > parts]
    if missing or refused or surplus or parts > MOST_PARTS:
        raise PartsMissing(missing[:_MOST_NAMED], refused[:_MOST_NAMED], surplus[:_MOST_NAMED])


def queue(rows: Rows, job_id: str, parts: int, now: float) -> None:
    """The order of the parts gives each chunk its first index."""
    rows.execute(_QUEUE, (job_id, now))
    job_rows.change(rows, job_id, state="queued", parts=parts, queued_at=now)
