"""A job as JSON (``contract.md`` 1.6)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.jobs.job import Job

PATH = "/openapi/api/v1/jobs"


def path_of(job_id: str) -> str:
    return f"{PATH}/{job_id}"


def shown(job: Job) -> dict[str, object]:
    """Times are in UTC. What is not known is null."""
    counts = job.counts
    return {
        "id": job.id,
        "resource": job.resource,
        "label": job.label,
        "state": job.state,
        "why": job.why or None,
        "counts": {
            "total": counts.total,
            "applied": counts.applied,
            "failed": counts.failed,
            "unknown": counts.unknown,
            "unprocessed": counts.unprocessed,
        },
        "parts": job.parts,
        "position": job.position,
        "rate": round(job.rate, 1),
        "errors_by_code": [
            {"code": one.code, "count": one.count, "first_index": one.first_index, "sample": one.sample}
            for one in job.errors_by_code
        ],
        "max_failed_percent": job.max_failed_percent,
        "pause_after": job.pause_after,
        "created_at": _time(job.created_at),
        "started_at": _time(job.started_at),
        "last_progress_at": _time(job.last_progress_at),
        "estimated_end_at": _time(job.estimated_end_at),
        "ended_at": _time(job.ended_at),
        "expires_at": _time(job.expires_at),
        "retry_of": job.retry_of,
        "links": _links(job),
    }


def entity_tag(job: Job) -> str:
    """Changes with each version (RFC 9110 section 8.8.3)."""
    return f'"{job.version}"'


def _links(job: Job) -> dict[str, str]:
    here = path_of(job.id)
    links = {"self": here, "results": f"{here}/results"}
    if job.retry_of:
        links["retry_of"] = path_of(job.retry_of)
    if job.retried_as:
        links["retried_as"] = path_of(job.retried_as)
    return links


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
