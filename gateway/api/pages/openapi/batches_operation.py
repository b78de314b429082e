"""The look at a kept batch in the document (``contract.md`` 1.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.api.batches import ROUTE
from gateway.api.pages.openapi.examples import of_batch
from gateway.api.pages.openapi.operations import OF_ANY, REQUEST_ID, Operation, Success, parameter
from gateway.resources.resource import permissions_of
from schemas.answers import kept_batch_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from marshmallow import Schema

    from gateway.resources.resource import Resource

TAG = "Batches"
MEANING = "What is kept of batches that were sent with an `Idempotency-Key`."
SCHEMA = "KeptBatch"
_KEY = parameter(
    "idempotencyKey",
    "path",
    "The `Idempotency-Key` that the batch was sent with, escaped where a path needs it.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
)


def names(resources: Sequence[Resource]) -> list[str]:
    """Of each resource's kept batches. Where there is one resource, its name is the operation's."""
    return [SCHEMA] if len(resources) == 1 else [f"{resource.name.capitalize()}{SCHEMA}" for resource in resources]


def schemas(resources: Sequence[Resource], errors: Sequence[type[Schema]]) -> Iterator[tuple[str, Schema]]:
    """``errors`` are the item errors of each resource."""
    for name, resource, error in zip(names(resources), resources, errors, strict=True):
        yield name, kept_batch_schema(resource.updated_schema, error)()


def operation(resources: Sequence[Resource]) -> Operation:
    example = {"status": 207, "complete": True, **of_batch(resources[0]).partly_updated}
    return Operation(
        id="getBatch",
        route=ROUTE,
        tag=TAG,
        summary="Look up a batch by its key",
        description="What became of each item of a batch of the caller's own, without its body and without any call.",
        permissions=permissions_of(resources),
        parameters=(_KEY, REQUEST_ID),
        successes={
            200: Success("Each item as it stands now.", SCHEMA, {"kept": example}),
            303: Success("The key made a job, which is at `Location`.", "", {}),
        },
        headers=frozenset({"Location"}),
        problems=OF_ANY | ROUTE.problems | {"quota-exceeded"},
    )
