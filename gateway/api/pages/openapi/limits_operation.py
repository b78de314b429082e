"""The page of limits in the document (``contract.md`` 1.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.api.pages.limits import ROUTE
from gateway.api.pages.openapi.operations import OF_ANY, REQUEST_ID, Operation, Success
from gateway.resources.resource import permissions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.resources.resource import Resource

TAG = "Limits"
SCHEMA = "Limits"
SHOWN = {
    "max_items": 1000,
    "max_bytes": 5_242_880,
    "rate": {"unit": "items", "limit": 10_000, "seconds": 60},
    "concurrency": 32,
    "deadline_seconds": 25.0,
    "idempotency_seconds": 86_400.0,
    "languages": ["en", "fr"],
    "jobs": {"max_job_items": 1_000_000, "max_parts": 10_000, "live_jobs": 5},
}


def operation(resources: Sequence[Resource]) -> Operation:
    example = {resource.plural: SHOWN for resource in resources}
    return Operation(
        id="getLimits",
        route=ROUTE,
        tag=TAG,
        summary="What a batch and a job may hold",
        description="By resource, as they hold for the caller. A 413 and a 429 name the same members.",
        permissions=permissions_of(resources),
        parameters=(REQUEST_ID,),
        successes={200: Success("The limits of each resource.", SCHEMA, {"limits": example})},
        headers=frozenset(),
        problems=OF_ANY,
    )
