"""Bodies, texts and headers of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from gateway.api.request import GatewayResponse
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.batch.outcome import Verdict
    from gateway.resources.resource import Resource

_NOT_UPDATED = (
    "The {name} was not updated; read its outcome.",
    "None of the {count} {plural} was updated; read the outcome of each.",
)
_UNKNOWN = (
    "It is not known whether the {name} was updated; read its outcome.",
    "None of the {count} {plural} is known to be updated, and at least one may be; read the outcome of each.",
)
# For one item, and for several.
FAILED_DETAILS: Mapping[str, tuple[str, str]] = {
    "core-rejected": (
        "The {name} was not updated: the core refused it.",
        "None of the {count} {plural} was updated: the core refused at least one.",
    ),
    "not-found": ("The {name} was not found.", "None of the {count} {plural} was found."),
    "core-failed": _UNKNOWN,
    "core-timed-out": _UNKNOWN,
}


class BatchFailed(Problem):
    """A batch or a single call that ran and updated nothing."""

    def __init__(
        self,
        slug: str,
        detail: str,
        result: Verdict,
        errors: Sequence[dict[str, object]],
    ) -> None:
        super().__init__(slug, detail, headers=retry_after(result), errors=errors)


def json_answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> GatewayResponse:
    return body_answer(orjson.dumps(document), status, headers)


def body_answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> GatewayResponse:
    """``body`` is JSON."""
    return GatewayResponse(body, status, headers, content_type="application/json")


def retry_after(result: Verdict) -> dict[str, str]:
    """In seconds."""
    seconds = wait_seconds(result)
    return {} if seconds is None else {"Retry-After": str(seconds)}


def wait_seconds(result: Verdict) -> int | None:
    # A 503 always says when to come back.
    return 1 if result.status == 503 and result.retry_after is None else result.retry_after


def failed_detail(slug: str, resource: Resource, count: int) -> str:
    """One sentence about all items of a batch."""
    # It never says "not updated" where that is not known.
    one, many = FAILED_DETAILS.get(slug, _NOT_UPDATED)
    return (one if count == 1 else many).format(name=resource.name, plural=resource.plural, count=count)
