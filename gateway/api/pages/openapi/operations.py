"""What an operation takes, and which answers are its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.api import bulk
from gateway.api.accept import LINES
from gateway.api.pages.openapi import examples
from gateway.api.pages.openapi.job_examples import of_one_part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from gateway.api.route import Route
    from gateway.resources.resource import Resource


@dataclass(frozen=True, slots=True)
class Success:
    """A success: its component, and examples by name. ``lines`` is an example of its stream, if there is one."""

    meaning: str
    schema: str
    examples: Mapping[str, object]
    lines: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation; ``example`` is of its body, which may be missing, and ``lines`` the same as NDJSON where it may be that.

    A caller must hold one of ``permissions``.
    ``headers`` and ``own_problems`` are those of this operation only.
    ``problems`` are all types that it answers with; empty: all but those of others.
    ``server_only`` says why no browser may call it, if so.
    """

    id: str
    route: Route
    tag: str
    summary: str
    description: str
    permissions: Sequence[str]
    parameters: Sequence[Mapping[str, Any]]
    successes: Mapping[int, Success]
    headers: AbstractSet[str]
    body: str = ""
    example: object = None
    lines: str = ""
    own_problems: Mapping[str, object] = field(default_factory=dict)
    problems: AbstractSet[str] = frozenset()
    server_only: str = ""


def reference(kind: str, name: str) -> dict[str, str]:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def parameter(name: str, place: str, meaning: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """``place`` is ``path``, ``query`` or ``header``."""
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "description": meaning, "schema": schema, **required}


REQUEST_ID = parameter(
    "X-Request-ID", "header", "Comes back in the answer, logs and calls to the core.", {"type": "string"}
)
OF_ANY = frozenset(
    {
        "bad-request",
        "unknown-parameter",
        "invalid-token",
        "insufficient-scope",
        "partner-blocked",
        "dry-run-only",
        "method-not-allowed",
        "not-acceptable",
        "uri-too-long",
        "expectation-failed",
        "headers-too-large",
        "internal-error",
        "not-implemented",
        "temporarily-unavailable",
    }
)
"""Problem types of an operation without a body."""
_OF_BATCHES = (
    parameter("dry_run", "query", "Validate only; no call is made.", {"type": "boolean", "default": False}),
    parameter(
        "Prefer",
        "header",
        "`wait=N` lowers the batch's deadline to N seconds. `respond-async` makes a job of the batch, and waits for none of it.",
        {"type": "string", "examples": ["wait=10", "respond-async"]},
    ),
    parameter(
        "Idempotency-Key",
        "header",
        "Repeat the request with the same key to complete what is not final; nothing final is sent again.",
        {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "pattern": "^[!-~]+$",
            "examples": ["8e03978e-40d5-43dd-bc93-6894a57f9324"],
        },
    ),
    REQUEST_ID,
)


def batch_name(resource: Resource) -> str:
    """Of the schema of its batches."""
    return f"{resource.name.capitalize()}Batch"


def update(resource: Resource) -> Operation:
    """The bulk update of a resource."""
    tag, answer = resource.plural.capitalize(), f"{resource.name.capitalize()}BatchAnswer"
    shown = examples.of_batch(resource)
    return Operation(
        id=f"update{tag}",
        route=bulk.route(resource),
        tag=tag,
        summary=f"Update many {resource.plural}",
        description="Fields that are left out keep their value. One invalid item refuses the whole batch before any call. "
        f"With `Accept: {LINES}` each item's line comes as soon as its call was answered.",
        permissions=(resource.permission,),
        parameters=_OF_BATCHES,
        body=batch_name(resource),
        example=shown.sent,
        successes={
            200: Success(
                "Every item was updated; in a dry run, every item is valid and none was sent. "
                "A stream has this status whatever becomes of its items: its last line has theirs.",
                answer,
                {"updated": shown.updated, "dry_run": shown.dry_run},
                shown.stream,
            ),
            202: Success(
                "With `Prefer: respond-async`: the batch is a job of one part, and was started.",
                "Job",
                {"job": of_one_part(resource)},
            ),
            207: Success("Some items were updated, some were not.", answer, {"partly_updated": shown.partly_updated}),
        },
        headers={
            "Accept-Patch",
            "ETag",
            "Location",
            "Preference-Applied",
            "Idempotency-Replayed",
            "Idempotency-Resumed",
            "Idempotency-Kept",
        },
    )
