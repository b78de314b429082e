"""A look at a job: its answer, and the wait for a change of it (``contract.md`` 1.6)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gateway.api.answers import json_answer
from gateway.api.disconnect import has_left
from gateway.api.jobs.shown import entity_tag, path_of, shown
from gateway.api.request import GatewayResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.api.request import GatewayRequest
    from gateway.jobs.job import Job

_LOOK_SECONDS = 0.5
_RETRY_SECONDS = 2


def answer(job: Job, status: int, headers: Mapping[str, str] | None = None) -> GatewayResponse:
    more = {"Location": path_of(job.id)} if status in (201, 202) else {}
    fields = {"ETag": entity_tag(job), "Cache-Control": "no-store", **more, **_pace(job), **(headers or {})}
    return json_answer(shown(job), status, fields)


def answer_if_new(request: GatewayRequest, job: Job, headers: Mapping[str, str]) -> GatewayResponse:
    """304 where the caller has it (RFC 9110 section 13.1.2)."""
    if {entity_tag(job), "*"}.isdisjoint(_tags(request)):
        return answer(job, 200, headers)
    return GatewayResponse(status=304, headers={"ETag": entity_tag(job), **_pace(job), **headers})


def changed(
    request: GatewayRequest, job: Job, look: Callable[[], Job], seconds: float, is_ending: Callable[[], bool]
) -> Job:
    """The job once it differs from what the caller has, after ``seconds`` at most.

    It waits for no one who has left, and not in a worker that ``is_ending``.
    """
    known = (_tags(request) - {"*"}) or {entity_tag(job)}
    ends_at = time.monotonic() + seconds
    while entity_tag(job) in known and job.is_live:
        left = ends_at - time.monotonic()
        if left <= 0 or is_ending() or has_left(request.environ):
            break
        time.sleep(min(_LOOK_SECONDS, left))
        job = look()
    return job


def _pace(job: Job) -> dict[str, str]:
    """When to look again."""
    return {"Retry-After": str(_RETRY_SECONDS)} if job.state in ("queued", "running", "cancelling") else {}


def _tags(request: GatewayRequest) -> set[str]:
    """Of ``If-None-Match``; weak ones compare alike (RFC 9110 section 13.1.2)."""
    given = request.headers.get("If-None-Match", "")
    return {tag.strip().removeprefix("W/") for tag in given.split(",") if tag.strip()}
