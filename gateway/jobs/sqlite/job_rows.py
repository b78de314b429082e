"""Jobs as rows, run in the caller's transaction."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import orjson

from gateway.jobs.errors import JobNotFound, KeyReused, TooManyJobs, WrongState
from gateway.jobs.job import LIVE, RATE_SECONDS, ErrorCount, ended_state
from gateway.jobs.job_view import counts_of, job_of
from gateway.jobs.sqlite.upkeep_rows import IN_DOUBT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.jobs.job import Bounds, Job, NewJob, State, Why

Rows = sqlite3.Connection
_LIVE = ", ".join(f"'{state}'" for state in sorted(LIVE))
_REMOVED = "removed"


def selected(rows: Rows, query: str, values: Sequence[object]) -> Iterator[dict[str, Any]]:
    """By column."""
    cursor = rows.execute(query, values)
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def find(rows: Rows, principal: str | None, job_id: str) -> dict[str, Any]:
    """Raises JobNotFound."""
    found = next(selected(rows, "SELECT * FROM job WHERE id = ? AND state <> 'removed'", (job_id,)), None)
    if found is None or principal not in (None, found["principal"]):
        raise JobNotFound
    return found


def state(rows: Rows, job_id: str) -> State | None:
    found: tuple[State] | None = rows.execute(
        "SELECT state FROM job WHERE id = ? AND state <> 'removed'", (job_id,)
    ).fetchone()
    return found and found[0]


def demand(row: dict[str, Any], *allowed: State) -> None:
    """Raises WrongState."""
    if row["state"] not in allowed:
        raise WrongState(row["state"], allowed)


def change(rows: Rows, job_id: str, **columns: object) -> None:
    """Also its version."""
    sets = ", ".join(f"{name} = ?" for name in columns)
    query = f"UPDATE job SET {sets}, version = version + 1 WHERE id = ?"  # noqa: S608 -- names from this package
    rows.execute(query, (*columns.values(), job_id))


def by_key(rows: Rows, key: str | None, fingerprint: str) -> dict[str, Any] | None:
    """Raises KeyReused."""
    if key is None:
        return None
    found = next(selected(rows, "SELECT * FROM job WHERE key = ? AND state <> 'removed'", (key,)), None)
    if found and found["fingerprint"] != fingerprint:
        raise KeyReused
    return found


def demand_room(rows: Rows, principal: str, bounds: Bounds) -> None:
    """Raises TooManyJobs."""
    own = f"SELECT count(*) FROM job WHERE principal = ? AND state IN ({_LIVE})"  # noqa: S608 -- words of this package
    if rows.execute(own, (principal,)).fetchone()[0] >= bounds.live_jobs:
        raise TooManyJobs("live_jobs", bounds.live_jobs)
    uploading = rows.execute("SELECT count(*) FROM job WHERE state = 'uploading'").fetchone()[0]
    if uploading >= bounds.uploading_jobs:
        raise TooManyJobs("uploading_jobs", bounds.uploading_jobs)


def insert(rows: Rows, job_id: str, principal: str, new: NewJob, key: str | None, now: float, keep: float) -> None:
    columns = {
        "id": job_id,
        "principal": principal,
        "resource": new.resource,
        "state": "uploading",
        "label": new.label,
        "max_failed_percent": new.max_failed_percent,
        "pause_after": new.pause_after,
        "key": key,
        "fingerprint": new.fingerprint,
        "request_id": new.request_id,
        "traceparent": new.traceparent,
        "retry_of": new.retry_of,
        "keys_of": find(rows, principal, new.retry_of)["keys_of"] if new.retry_of else job_id,
        "created_at": now,
        "part_at": now,
        "expires_at": now + keep,
    }
    marks = ", ".join("?" * len(columns))
    query = f"INSERT INTO job ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 -- names from this function
    rows.execute(query, tuple(columns.values()))


def page(rows: Rows, principal: str | None, most: int, before: str) -> list[dict[str, Any]]:
    """One more than ``most`` where there are more."""
    query = (
        "SELECT * FROM job WHERE state <> 'removed' AND (? IS NULL OR principal = ?) AND (? = '' OR id < ?)"
        " ORDER BY id DESC LIMIT ?"
    )
    return list(selected(rows, query, (principal, principal, before, before, most + 1)))


def shown(rows: Rows, row: dict[str, Any], now: float) -> Job:
    errors = [ErrorCount(code, *each) for code, each in orjson.loads(row["errors"]).items()]
    samples = orjson.loads(row["samples"])
    return job_of(row, errors=errors, samples=samples, position=_position(rows, row), now=now)


def _position(rows: Rows, row: dict[str, Any]) -> int:
    if row["state"] != "queued":
        return 0
    query = "SELECT count(*) FROM job WHERE state = 'running' OR (state = 'queued' AND (queued_at, id) < (?, ?))"
    return int(rows.execute(query, (row["queued_at"], row["id"])).fetchone()[0])


def sampled(samples: str, items: int, now: float) -> str:
    """``items`` more were settled now. One sample a second."""
    kept = [[at, count] for at, count in orjson.loads(samples) if at > now - RATE_SECONDS]
    if kept and kept[-1][0] > now - 1:
        kept[-1][1] += items
    else:
        kept.append([now, items])
    return orjson.dumps(kept).decode()


def resume(rows: Rows, row: dict[str, Any], now: float) -> None:
    """It waits for its turn from now on. A job whose first items were settled meanwhile goes on with the others."""
    is_past = row["pause_after"] and counts_of(row).settled >= row["pause_after"]
    lifted = {"pause_after": None} if is_past else {}
    state = "running" if row["started_at"] else "queued"
    change(rows, row["id"], state=state, why="", due_at=0, queued_at=now, **lifted)


def stop(rows: Rows, row: dict[str, Any], why: Why, now: float, keep: float) -> None:
    """Cancel a live job: at once, if no chunk of it runs."""
    change(rows, row["id"], state="cancelling", why=why)
    end_if_over(rows, row["id"], now, keep)


def end_if_over(rows: Rows, job_id: str, now: float, keep: float) -> None:
    """Where all chunks are done, or none will be run and none is in doubt."""
    row = find(rows, None, job_id)
    if row["state"] not in LIVE or row["state"] == "uploading":
        return
    if _has_leased(rows, job_id, now):
        return
    if _is_in_doubt(rows, row, now) if row["state"] == "cancelling" else _has_open(rows, job_id):
        return
    rows.execute("DELETE FROM event WHERE chunk IN (SELECT number FROM chunk WHERE job = ? AND is_done = 0)", (job_id,))
    rows.execute("UPDATE chunk SET owner = '' WHERE job = ? AND owner <> ''", (job_id,))
    state = ended_state(counts_of(row), row["why"])
    change(rows, job_id, state=state, ended_at=now, expires_at=now + keep)


def _has_leased(rows: Rows, job_id: str, now: float) -> bool:
    query = "SELECT 1 FROM chunk WHERE job = ? AND owner <> '' AND lease_until > ? LIMIT 1"
    return rows.execute(query, (job_id, now)).fetchone() is not None


def _is_in_doubt(rows: Rows, row: dict[str, Any], now: float) -> bool:
    """A dead worker may have sent items, which a run is to tell. Once the job has expired nobody asks."""
    query = f"SELECT 1 FROM chunk WHERE job = ? AND owner <> '' AND {IN_DOUBT} LIMIT 1"  # noqa: S608 -- a condition of this package
    return row["expires_at"] > now and rows.execute(query, (row["id"],)).fetchone() is not None


def _has_open(rows: Rows, job_id: str) -> bool:
    """Chunks that nobody runs, or that a dead worker held."""
    # Each branch has an index of its own, so that the done chunks of a long job are not read.
    query = (
        "SELECT 1 FROM chunk WHERE job = ?1 AND is_done = 0 AND owner = ''"
        " UNION ALL SELECT 1 FROM chunk WHERE job = ?1 AND owner <> '' LIMIT 1"
    )
    return rows.execute(query, (job_id,)).fetchone() is not None


def hide(rows: Rows, job_id: str) -> None:
    """Its data is removed by and by."""
    change(rows, job_id, state=_REMOVED, key=None)
