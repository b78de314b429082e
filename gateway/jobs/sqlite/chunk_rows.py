"""Which chunk is due, and what its runs write; in the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from gateway.admission.idempotency.errors import LeaseLost
from gateway.jobs.chunk import Lease
from gateway.jobs.job import MOST_CODES, has_failed_too_much
from gateway.jobs.job_view import counts_of
from gateway.jobs.sqlite import job_rows, upkeep_rows
from gateway.jobs.sqlite.job_rows import selected
from gateway.jobs.sqlite.upkeep_rows import IN_DOUBT, due

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.jobs.chunk import Ending, Settled
    from gateway.jobs.job import ErrorCount
    from gateway.jobs.sqlite.job_rows import Rows

_JOBS = (
    "SELECT job.* FROM job LEFT JOIN partner USING (principal)"  # noqa: S608 -- conditions of this package
    f" WHERE state IN ('queued', 'running', 'cancelling') AND {due('?1')} ORDER BY coalesce(partner.turn, 0), job.turn, job.id"
)
_EXPIRED = (
    "SELECT * FROM chunk WHERE job = ?1 AND owner <> '' AND lease_until <= ?2"  # noqa: S608 -- conditions of this package
    f" AND {due('?2')} AND first_index < ?3 ORDER BY part, line LIMIT 1"
)
# Of a job that ends: its run sends nothing, and tells what may have been sent.
_TO_SETTLE = _EXPIRED.replace(" ORDER BY", f" AND {IN_DOUBT} ORDER BY")
_OPEN = (
    "SELECT * FROM chunk WHERE job = ?1 AND is_done = 0 AND owner = ''"  # noqa: S608 -- conditions of this package
    f" AND {due('?2')} AND first_index < ?3 ORDER BY part, line LIMIT 1"
)
_SETTLE = (
    "UPDATE chunk SET lease_until = ?, settled = ?, writes = ?, attempts = 0"
    " WHERE number = ? AND job = ? AND owner = ? AND writes < ?"
)
_PUBLISH = "INSERT INTO result (job, chunk, applied, failed, unknown, body) VALUES (?, ?, ?, ?, ?, ?)"
_TALLY = (
    "SELECT samples, max_failed_percent IS NOT NULL OR pause_after IS NOT NULL FROM job"
    " WHERE id = ? AND state <> 'removed'"
)
_COUNT = (
    "UPDATE job SET applied = applied + ?, failed = failed + ?, unknown = unknown + ?, samples = ?, progress_at = ?,"
    " version = version + 1 WHERE id = ?"
)
# Rows of a SELECT would first be put into a table of their own, since it reads the one that is written to.
_ADD_EVENT = (
    "INSERT INTO event (chunk, number, body, result)"
    " VALUES (?1, 1 + coalesce((SELECT max(number) FROM event WHERE chunk = ?1), 0), ?2, ?3)"
)
# One row costs less than two: an event may have the number of the result that was written with it, or only that.
_NO_EVENT = b""
_NO_RESULT = 0
_NO_BORDER = 2**62


def find_due(rows: Rows, now: float) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """``(job, chunk)`` whose turn it is."""
    for job in list(selected(rows, _JOBS, (now,))):
        border = job["pause_after"] or _NO_BORDER
        for query in (_TO_SETTLE,) if job["state"] == "cancelling" else (_EXPIRED, _OPEN):
            chunk = next(selected(rows, query, (job["id"], now, border)), None)
            if chunk:
                return job, chunk
    return None


def lease(rows: Rows, job: dict[str, Any], chunk: dict[str, Any], owner: str, now: float, seconds: float) -> Lease:
    number = chunk["number"]
    query = "SELECT number, body, result FROM event WHERE chunk = ? ORDER BY number"
    events = rows.execute(query, (number,)).fetchall()
    rows.execute(
        "UPDATE chunk SET owner = ?, lease_until = ?, attempts = attempts + 1, writes = 0, base = ? WHERE number = ?",
        (owner, now + seconds, events[-1][0] if events else 0, number),
    )
    _take_turn(rows, job, now)
    query = "SELECT traceparent FROM part WHERE job = ? AND number = ?"
    [of_part] = rows.execute(query, (job["id"], chunk["part"])).fetchone()
    first_index = chunk["first_index"]
    return Lease(
        job_id=job["id"],
        chunk=number,
        owner=owner,
        principal=job["principal"],
        resource=job["resource"],
        keys_of=job["keys_of"],
        request_id=job["request_id"],
        traceparent=of_part or job["traceparent"],
        first_index=first_index,
        part=chunk["part"],
        line=chunk["line"],
        items=min(chunk["items"], (job["pause_after"] or _NO_BORDER) - first_index),
        all_items=chunk["items"],
        calls=rows.execute("SELECT body FROM calls WHERE chunk = ?", (number,)).fetchone()[0],
        events=[body for _, body, _ in events if body != _NO_EVENT],
        published=[
            rows.execute("SELECT body FROM result WHERE number = ?", (result,)).fetchone()[0]
            for _, _, result in events
            if result != _NO_RESULT
        ],
        settled=int(chunk["settled"], 16),
        attempts=chunk["attempts"] + 1,
    )


def _take_turn(rows: Rows, job: dict[str, Any], now: float) -> None:
    turn = upkeep_rows.count_up(rows, "turn")
    rows.execute("INSERT OR REPLACE INTO partner (principal, turn) VALUES (?, ?)", (job["principal"], turn))
    rows.execute("UPDATE job SET turn = ? WHERE id = ?", (turn, job["id"]))
    upkeep_rows.set_counter(rows, "handed_at", now)
    if job["state"] == "queued":
        job_rows.change(rows, job["id"], state="running", started_at=job["started_at"] or now)


def hold(rows: Rows, lease: Lease, until: float) -> bool:
    """Renew. False: this run has ended, so its last write is a repeat. Raises LeaseLost."""
    query = "UPDATE chunk SET lease_until = ? WHERE number = ? AND job = ? AND owner = ?"
    if rows.execute(query, (until, lease.chunk, lease.job_id, lease.owner)).rowcount:
        return True
    query = "SELECT 1 FROM chunk WHERE number = ? AND job = ? AND closed_by = ?"
    if rows.execute(query, (lease.chunk, lease.job_id, lease.owner)).fetchone() is None:
        raise LeaseLost
    return False


def add_events(rows: Rows, lease: Lease, bodies: Sequence[bytes], result: int | None) -> None:
    """``result`` is the number of the one that was written with them, if one was."""
    first, *others = bodies or [_NO_EVENT]
    if first != _NO_EVENT or result is not None:
        rows.execute(_ADD_EVENT, (lease.chunk, first, result or _NO_RESULT))
    for body in others:
        rows.execute(_ADD_EVENT, (lease.chunk, body, _NO_RESULT))


def take_back_events(rows: Rows, lease: Lease) -> None:
    query = "DELETE FROM event WHERE chunk = ?1 AND number > (SELECT base FROM chunk WHERE number = ?1)"
    rows.execute(query, (lease.chunk,))


def publish(rows: Rows, lease: Lease, settled: Settled, now: float, until: float) -> int | None:
    """Renew, too. The result's number, or None where this write came before, or the lease is no more."""
    number, job_id, bits = settled.number, lease.job_id, f"{settled.bits:x}"
    held = (until, bits, number, lease.chunk, job_id, lease.owner, number)
    if not rows.execute(_SETTLE, held).rowcount:
        return None
    counts = (settled.applied, settled.failed, settled.unknown)
    result = rows.execute(_PUBLISH, (job_id, lease.chunk, *counts, settled.results)).lastrowid
    _count(rows, job_id, settled, now)
    return result


def _count(rows: Rows, job_id: str, settled: Settled, now: float) -> None:
    samples, may_stop = rows.execute(_TALLY, (job_id,)).fetchone()
    samples = job_rows.sampled(samples, settled.items, now)
    rows.execute(_COUNT, (settled.applied, settled.failed, settled.unknown, samples, now, job_id))
    # Most writes have no errors, and most jobs no bound: then the rest of the row is not read.
    if not (settled.errors or may_stop):
        return
    job = job_rows.find(rows, None, job_id)
    errors = {"errors": _merged(job["errors"], settled.errors)} if settled.errors else {}
    if more := {**errors, **_stop(job)}:
        job_rows.change(rows, job_id, **more)


def _stop(job: dict[str, Any]) -> dict[str, object]:
    """What changes at the share of failures, or after the first items (contract 1.6)."""
    counts = counts_of(job)
    if job["state"] != "running":
        return {}
    if has_failed_too_much(counts, job["max_failed_percent"]):
        return {"state": "cancelling", "why": "max_failed_percent"}
    if job["pause_after"] and counts.settled >= job["pause_after"]:
        is_over = counts.settled == counts.total
        return {"pause_after": None, **({} if is_over else {"state": "paused", "why": "pause_after"})}
    return {}


def end(rows: Rows, lease: Lease, ending: Ending, now: float) -> None:
    rows.execute(
        "UPDATE chunk SET owner = '', closed_by = ?, is_done = ?, due_at = ?, lease_until = 0,"
        " attempts = max(0, attempts - ?) WHERE number = ?",
        (lease.owner, ending.is_done, now + ending.wait_seconds, ending.is_excused, lease.chunk),
    )
    if ending.is_done:
        rows.execute("DELETE FROM event WHERE chunk = ?", (lease.chunk,))
    if ending.job_wait_seconds:
        rows.execute("UPDATE job SET due_at = ? WHERE id = ?", (now + ending.job_wait_seconds, lease.job_id))


def _merged(errors: str, more: Sequence[ErrorCount]) -> str:
    merged: dict[str, list[Any]] = orjson.loads(errors)
    for each in more:
        count, first, sample = merged.get(each.code, (0, _NO_BORDER, ""))
        if each.code in merged or len(merged) < MOST_CODES:
            is_earlier = each.first_index < first
            merged[each.code] = [
                count + each.count,
                each.first_index if is_earlier else first,
                each.sample if is_earlier else sample,
            ]
    return orjson.dumps(merged).decode()
