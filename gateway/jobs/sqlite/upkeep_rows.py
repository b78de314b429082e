"""Heartbeats, permits, the sweeper's place and what it removes; in the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.jobs.chunk import LONGEST_WAIT_SECONDS, Gauges

if TYPE_CHECKING:
    import sqlite3

OUTCOMES = ("applied", "failed", "unknown")
_PORTION_ITEMS = 5_000
_PORTION_ROWS = 100
# Each branch has an index of its own, so that the done chunks of a long job are not read.


def due(now: str, column: str = "due_at") -> str:
    """The condition that it is time. ``now`` is how the time is named in the query."""
    # Nothing waits longer: the clock was set back since.
    return f"({column} <= {now} OR {column} > {now} + {LONGEST_WAIT_SECONDS})"


_HAS_IDS = (
    "SELECT id FROM job WHERE state <> 'uploading' AND EXISTS (SELECT 1 FROM item WHERE item.job = job.id) LIMIT 1"
)
# A range of the table, which is passed through once. A list of ids would be looked up one by one.
_REMOVE_IDS = (
    "DELETE FROM item WHERE job = ?1 AND id <= coalesce("
    "(SELECT id FROM item WHERE job = ?1 ORDER BY id LIMIT 1 OFFSET ?2 - 1), (SELECT max(id) FROM item WHERE job = ?1))"
)

IN_DOUBT = "EXISTS (SELECT 1 FROM event WHERE event.chunk = chunk.number)"
"""The condition that a dead worker may have sent items of its chunk."""
_DUE = (
    "WITH runs AS (SELECT id, coalesce(pause_after, 1 << 62) AS border FROM job"  # noqa: S608 -- conditions of this package
    f" WHERE state IN ('queued', 'running') AND {due('?1')}),"
    " due AS (SELECT chunk.due_at FROM runs JOIN chunk ON chunk.job = runs.id AND is_done = 0 AND owner = ''"
    f" WHERE {due('?1', 'chunk.due_at')} AND first_index < border"
    " UNION ALL SELECT chunk.due_at FROM runs JOIN chunk ON chunk.job = runs.id AND owner <> ''"
    " WHERE lease_until <= ?1 AND first_index < border"
    " UNION ALL SELECT lease_until FROM job JOIN chunk ON chunk.job = job.id AND owner <> ''"
    f" WHERE state = 'cancelling' AND lease_until <= ?1 AND {IN_DOUBT})"
    " SELECT count(*), min(due_at) FROM due"
)

_WITHOUT_PROGRESS = "SELECT min(max(queued_at, coalesce(progress_at, 0))) FROM job WHERE state IN ('queued', 'running')"


def counter(rows: sqlite3.Connection, name: str) -> float:
    found = rows.execute("SELECT value FROM counter WHERE name = ?", (name,)).fetchone()
    return float(found[0]) if found else 0.0


def set_counter(rows: sqlite3.Connection, name: str, value: float) -> None:
    rows.execute("INSERT OR REPLACE INTO counter (name, value) VALUES (?, ?)", (name, value))


def count_up(rows: sqlite3.Connection, name: str, by: int = 1) -> int:
    value = max(0, int(counter(rows, name)) + by)
    set_counter(rows, name, value)
    return value


def beat(rows: sqlite3.Connection, worker: str, now: float) -> None:
    rows.execute("INSERT OR REPLACE INTO worker (name, beat_at) VALUES (?, ?)", (worker, now))


def rest(rows: sqlite3.Connection, worker: str) -> None:
    rows.execute("DELETE FROM worker WHERE name = ?", (worker,))


def workers(rows: sqlite3.Connection, since: float) -> int:
    return int(rows.execute("SELECT count(*) FROM worker WHERE beat_at > ?", (since,)).fetchone()[0])


def elect(rows: sqlite3.Connection, now: float, seconds: float) -> bool:
    held_until = counter(rows, "swept_until")
    # A time further ahead is from before the clock was set back.
    if now < held_until <= now + seconds:
        return False
    set_counter(rows, "swept_until", now + seconds)
    return True


def idle_jobs(rows: sqlite3.Connection, now: float, idle_seconds: float) -> list[str]:
    query = "SELECT id FROM job WHERE state = 'uploading' AND part_at <= ?"
    return [job_id for (job_id,) in rows.execute(query, (now - idle_seconds,))]


def live_jobs(rows: sqlite3.Connection, *, expired_at: float) -> list[str]:
    """Those that expire by then."""
    query = "SELECT id FROM job WHERE state IN ('queued', 'running', 'paused') AND expires_at <= ?"
    return [job_id for (job_id,) in rows.execute(query, (expired_at,))]


def cancelling_jobs(rows: sqlite3.Connection) -> list[str]:
    return [job_id for (job_id,) in rows.execute("SELECT id FROM job WHERE state = 'cancelling'")]


def hide_expired(rows: sqlite3.Connection, now: float) -> None:
    query = (
        "UPDATE job SET state = 'removed', key = NULL WHERE ended_at IS NOT NULL"
        " AND state <> 'removed' AND expires_at <= ?"
    )
    rows.execute(query, (now,))


def forget_workers(rows: sqlite3.Connection, before: float) -> None:
    rows.execute("DELETE FROM worker WHERE beat_at <= ?", (before,))


def remove_portion(rows: sqlite3.Connection) -> bool:
    """What no job needs: ids once it takes no more parts, and all of a removed one. Whether there may be more."""
    removed = sum(
        rows.execute(_REMOVE_IDS, (job_id, _PORTION_ITEMS)).rowcount for (job_id,) in rows.execute(_HAS_IDS).fetchall()
    )
    for (job_id,) in rows.execute("SELECT id FROM job WHERE state = 'removed'").fetchall():
        removed += _remove_rows(rows, job_id)
        if removed:
            return True
        rows.execute("DELETE FROM part WHERE job = ?", (job_id,))
        _keep_counts(rows, job_id)
        rows.execute("DELETE FROM job WHERE id = ?", (job_id,))
    rows.execute("DELETE FROM partner WHERE principal NOT IN (SELECT principal FROM job)")
    return removed > 0


def _keep_counts(rows: sqlite3.Connection, job_id: str) -> None:
    counts = rows.execute("SELECT applied, failed, unknown FROM job WHERE id = ?", (job_id,)).fetchone()
    for outcome, items in zip(OUTCOMES, counts, strict=True):
        count_up(rows, outcome, items)


def _remove_rows(rows: sqlite3.Connection, job_id: str) -> int:
    results = "DELETE FROM result WHERE number IN (SELECT number FROM result WHERE job = ? LIMIT ?)"
    removed = rows.execute(results, (job_id, _PORTION_ROWS)).rowcount
    chunks = rows.execute("SELECT number FROM chunk WHERE job = ? LIMIT ?", (job_id, _PORTION_ROWS)).fetchall()
    rows.executemany("DELETE FROM event WHERE chunk = ?", chunks)
    rows.executemany("DELETE FROM calls WHERE chunk = ?", chunks)
    rows.executemany("DELETE FROM chunk WHERE number = ?", chunks)
    return removed + len(chunks)


def gauges(rows: sqlite3.Connection, now: float) -> Gauges:
    jobs = dict(rows.execute("SELECT state, count(*) FROM job WHERE state <> 'removed' GROUP BY state").fetchall())
    due, since = rows.execute(_DUE, (now,)).fetchone()
    leased = "SELECT count(*) FROM chunk WHERE owner <> '' AND lease_until > ?"
    waited = now - max(since, counter(rows, "handed_at")) if due else 0.0
    stands_since = rows.execute(_WITHOUT_PROGRESS).fetchone()[0]
    kept = rows.execute("SELECT total(applied), total(failed), total(unknown) FROM job").fetchone()
    # Those of removed jobs stand apart, so that a write of results need not touch them.
    items = {outcome: int(counter(rows, outcome) + own) for outcome, own in zip(OUTCOMES, kept, strict=True)}
    chunks_leased = rows.execute(leased, (now,)).fetchone()[0]
    stands = max(0.0, now - stands_since) if stands_since else 0.0
    return Gauges(jobs, due, chunks_leased, max(0.0, waited), stands, used_bytes(rows), items)


def used_bytes(rows: sqlite3.Connection) -> int:
    query = (
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    )
    return int(rows.execute(query).fetchone()[0])
