"""A job and its results as the document shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from gateway.resources.resource import Resource

_ID = "01M8H4FHW26J74CSYXW6G95RAP"


def job_example(resource: Resource) -> dict[str, object]:
    """As it is once it was started, and no worker has begun it."""
    here = f"/openapi/api/v1/jobs/{_ID}"
    return {
        "id": _ID,
        "resource": resource.plural,
        "label": "spring clean-up",
        "state": "queued",
        "why": None,
        "counts": _counts(20_000),
        "parts": 20,
        "position": 1,
        "rate": 0.0,
        "errors_by_code": [],
        "max_failed_percent": 5,
        "pause_after": None,
        "created_at": "2026-11-28T09:00:00.000Z",
        "started_at": None,
        "last_progress_at": None,
        "estimated_end_at": None,
        "ended_at": None,
        "expires_at": "2026-12-05T09:01:00.000Z",
        "retry_of": None,
        "links": {"self": here, "results": f"{here}/results"},
    }


def made(resource: Resource) -> dict[str, object]:
    """No part of it is there."""
    return {**job_example(resource), "state": "uploading", "counts": _counts(0), "parts": 0, "position": 0}


def of_one_part(resource: Resource) -> dict[str, object]:
    """Of a batch that asked for one."""
    total = len(resource.example.sent)
    own = {"label": "", "counts": _counts(total), "parts": 1, "max_failed_percent": None}
    return {**job_example(resource), **own}


def succeeded(resource: Resource) -> dict[str, object]:
    times = {
        "started_at": "2026-11-28T09:01:00.000Z",
        "last_progress_at": "2026-11-28T09:03:20.000Z",
        "ended_at": "2026-11-28T09:03:20.000Z",
    }
    return {
        **job_example(resource),
        "state": "succeeded",
        "counts": _counts(20_000, applied=20_000),
        "position": 0,
        **times,
    }


def _counts(total: int, applied: int = 0) -> dict[str, int]:
    return {"total": total, "applied": applied, "failed": 0, "unknown": 0, "unprocessed": total - applied}


def result_lines(resource: Resource) -> str:
    first = resource.example.updated[0]
    lines: list[dict[str, object]] = [
        {
            "index": 0,
            "part": 1,
            "line": 1,
            resource.id_name: first[resource.id_name],
            "outcome": "applied",
            resource.name: first,
        },
        {"cursor": "s1.1"},
        {"cursor": "s1.1", "complete": True},
    ]
    return "".join(f"{orjson.dumps(line).decode()}\n" for line in lines)
