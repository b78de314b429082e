"""A job as its partner sees it, from a store's row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.jobs.job import LIVE, Counts, ErrorCount, Job, estimated_end, rate_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def counts_of(row: Mapping[str, Any]) -> Counts:
    return Counts(row["total"], row["applied"], row["failed"], row["unknown"])


def job_of(
    row: Mapping[str, Any],
    *,
    errors: Sequence[ErrorCount],
    samples: Sequence[tuple[float, int]],
    position: int,
    now: float,
) -> Job:
    counts = counts_of(row)
    rate = rate_of(samples, now, row["started_at"]) if row["state"] in LIVE else 0.0
    return Job(
        id=row["id"],
        principal=row["principal"],
        resource=row["resource"],
        state=row["state"],
        why=row["why"],
        label=row["label"],
        counts=counts,
        errors_by_code=errors,
        rate=rate,
        position=position,
        parts=row["parts"],
        version=row["version"],
        max_failed_percent=row["max_failed_percent"],
        pause_after=row["pause_after"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        last_progress_at=row["progress_at"],
        without_progress_since=_without_progress_since(row),
        ended_at=row["ended_at"],
        expires_at=row["expires_at"],
        estimated_end_at=estimated_end(row["state"], counts, rate, now, row["started_at"]),
        retry_of=row["retry_of"],
        retried_as=row["retried_as"],
    )


def _without_progress_since(row: Mapping[str, Any]) -> float | None:
    if row["state"] not in ("queued", "running"):
        return None
    return max(row["queued_at"] or 0.0, row["progress_at"] or 0.0)
