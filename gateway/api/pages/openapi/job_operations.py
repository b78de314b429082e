"""Jobs in the document (``contract.md`` 1.6)."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.api.accept import LINES
from gateway.api.jobs.routes import PATHS
from gateway.api.pages.openapi import job_examples
from gateway.api.pages.openapi.job_examples import job_example, result_lines
from gateway.api.pages.openapi.operations import OF_ANY, REQUEST_ID, Operation, Success, batch_name, parameter
from gateway.resources.resource import permissions_of
from schemas.job_answers import JobListSchema, JobSchema
from schemas.jobs import MOST_PARTS, StartSchema, new_job_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from marshmallow import Schema

    from gateway.resources.resource import Resource

    Make = Callable[..., Operation]
    Shown = dict[str, object]

TAG = "Jobs"
_ROUTES = {path.view: path.route for path in PATHS}
PART = "JobPart"
"""The schema of a part where there are several resources."""
MEANING = "More items than a batch holds: sent in parts, then run in the background."
_JOB_ID = parameter("jobId", "path", "The job.", {"type": "string"})
_KEY = parameter(
    "Idempotency-Key",
    "header",
    "The same key makes the same job again.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
)
_WAIT = parameter("Prefer", "header", "`wait=N` waits up to N seconds, at most 60, for a change.", {"type": "string"})
_KNOWN = parameter("If-None-Match", "header", "The `ETag` of what is known already.", {"type": "string"})
_NUMBER = parameter("number", "path", "Of the part.", {"type": "integer", "minimum": 1, "maximum": MOST_PARTS})
_DRY_RUN = parameter("dry_run", "query", "Checks only.", {"type": "boolean", "default": False})
_PAGING = (
    parameter("limit", "query", "Jobs of a page.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 100}),
    parameter("before", "query", "The `before` of the last page.", {"type": "string"}),
)
_CHOOSING = (
    parameter(
        "outcome",
        "query",
        "Items of this outcome only.",
        {"type": "string", "enum": ["applied", "failed", "unknown", "unprocessed"]},
    ),
    parameter("since", "query", "Go on after this cursor.", {"type": "string"}),
    parameter("follow", "query", "Go on until the job has ended.", {"type": "boolean", "default": False}),
)
_OF_BODIES = frozenset(
    {
        "invalid-json",
        "validation-failed",
        "request-timeout",
        "body-too-large",
        "unsupported-media-type",
        "quota-exceeded",
    }
)


def schemas(resources: Sequence[Resource], max_items: int) -> Iterator[tuple[str, Schema]]:
    """``max_items`` of one job."""
    yield "NewJob", new_job_schema([resource.plural for resource in resources], max_items)
    yield "JobStart", StartSchema()
    yield "Job", JobSchema()
    yield "JobList", JobListSchema()


def operations(resources: Sequence[Resource]) -> list[Operation]:
    first = resources[0]
    make, job = partial(_operation, permissions_of(resources)), job_example(first)
    return [
        *_begun(make, job, job_examples.made(first)),
        *_watched(make, job, job_examples.succeeded(first)),
        *_filled(make, job, resources),
        *_steered(make, job),
        _read(make, first),
    ]


def _begun(made: Make, job: Shown, new: Shown) -> list[Operation]:
    return [
        made(
            "create",
            "Make a job",
            "Then send its parts and start it. No field is needed.",
            {201: Success("It takes parts for an hour after the last.", "Job", {"job": new})},
            id="createJob",
            parameters=(_KEY, REQUEST_ID),
            body="NewJob",
            example={"label": "spring clean-up", "max_failed_percent": 5},
        ),
        made(
            "list",
            "List jobs",
            "The caller's own.",
            {200: Success("A page of them.", "JobList", {"jobs": {"data": [job]}})},
            id="listJobs",
            parameters=(*_PAGING, REQUEST_ID),
        ),
    ]


def _watched(made: Make, job: Shown, succeeded: Shown) -> list[Operation]:
    cancelled, ended = {"job": {**job, "state": "cancelled", "why": "asked", "position": 0}}, {"job": succeeded}
    return [
        made(
            "show",
            "Look at a job",
            "Where it has ended, its outcomes are final.",
            {200: Success("The job as it is now.", "Job", ended), 304: Success("It is as it was.", "", {})},
            id="getJob",
            parameters=(_JOB_ID, _WAIT, _KNOWN, REQUEST_ID),
        ),
        made(
            "end",
            "Cancel or remove a job",
            "A live job sends nothing more. An ended one is removed with its data.",
            {202: Success("It was cancelled.", "Job", cancelled), 204: Success("It was removed.", "", {})},
            id="deleteJob",
            parameters=(_JOB_ID, REQUEST_ID),
        ),
    ]


def _filled(made: Make, job: Shown, resources: Sequence[Resource]) -> list[Operation]:
    one, shown = {"job": job}, resources[0].example.sent
    return [
        made(
            "put_part",
            "Send a part",
            f"A batch, or one item a line as `{LINES}`. It is checked now, so that errors come early. "
            "The same bytes again are the same part.",
            {204: Success("It was taken.", "", {})},
            id="putJobPart",
            parameters=(_JOB_ID, _NUMBER, REQUEST_ID),
            body=PART if len(resources) > 1 else batch_name(resources[0]),
            example={"data": list(shown)},
            lines="".join(f"{json.dumps(item, ensure_ascii=False)}\n" for item in shown),
        ),
        made(
            "start",
            "Start a job",
            "`parts` says how many there are, so that none is forgotten.",
            {
                200: Success("A dry run: it could be started.", "Job", one),
                202: Success("It will run.", "Job", one),
            },
            id="startJob",
            parameters=(_JOB_ID, _DRY_RUN, REQUEST_ID),
            body="JobStart",
            example={"parts": 20},
        ),
    ]


def _steered(made: Make, job: Shown) -> list[Operation]:
    one, paused = {"job": job}, {"job": {**job, "state": "paused", "why": "asked", "position": 0}}
    return [
        *(
            made(
                view,
                f"{view.capitalize()} a job",
                text,
                {200: Success("As it is now.", "Job", shown)},
                id=f"{view}Job",
                parameters=(_JOB_ID, REQUEST_ID),
            )
            for view, text, shown in (
                ("pause", "What is in flight ends; nothing more is sent.", paused),
                ("resume", "It goes on where it was.", one),
            )
        ),
        made(
            "retry",
            "Retry what a job left",
            "A new job of what failed and may be sent again, and of what was never sent.",
            {202: Success("The new job.", "Job", one)},
            id="retryJob",
            parameters=(_JOB_ID, REQUEST_ID),
        ),
    ]


def _read(made: Make, resource: Resource) -> Operation:
    return made(
        "results",
        "Read what became of each item",
        "While the job runs, too. Lines come in the order in which items were settled.",
        {200: Success("Lines.", "", {}, result_lines(resource))},
        id="getJobResults",
        parameters=(_JOB_ID, *_CHOOSING, REQUEST_ID),
    )


def _operation(
    permissions: Sequence[str], view: str, summary: str, description: str, successes: Mapping[int, Success], **more: Any
) -> Operation:
    route = _ROUTES[view]
    problems = OF_ANY | route.problems | (_OF_BODIES if more.get("body") else frozenset())
    return Operation(
        route=route,
        tag=TAG,
        summary=summary,
        description=description,
        permissions=permissions,
        successes=successes,
        headers=frozenset({"ETag", "Location", *(("Accept",) if more.get("body") else ())}),
        problems=problems,
        **more,
    )
