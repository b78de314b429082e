"""Examples for the document, made from those of a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from gateway.api.answers import FAILED_DETAILS, failed_detail
from gateway.batch.outcome import ItemError
from gateway.item_codes import ITEM_CODES, detail
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.resources.resource import Resource

_REQUEST_ID = "01JD2M4Y6Z8QKX3V5T7W9B1C0E"
# The code of the item that stands for a problem of a whole batch.
_ITEM_CODES = {
    "core-rejected": "rejected",
    "not-found": "not_found",
    "conflict": "conflict",
    "core-failed": "core_broke_off",
    "core-misconfigured": "core_misconfigured",
    "core-timed-out": "core_timeout",
}
_MEMBERS: Mapping[str, dict[str, object]] = {
    "batch-too-large": {"max_items": 1000, "received_items": 1200},
    "body-too-large": {"max_bytes": 5_242_880},
    "job-state": {"state": "succeeded", "allowed": ["queued", "running"]},
    "job-too-large": {"max_job_items": 1_000_000, "received_items": 1_000_400},
    "job-parts-missing": {"missing": [2], "refused": [], "surplus": []},
    "too-many-jobs": {"bound": "live_jobs", "most": 5},
}


# What answers say where they have words of their own; elsewhere they say the advice of the type.
_DETAILS: Mapping[str, str] = {
    "validation-failed": "1 of {count} {plural} is invalid; nothing was sent to the core.",
    "batch-too-large": "A batch holds at most 1000 {plural}; this one has 1200. Nothing was sent to the core.",
    "body-too-large": "The body is larger than 5242880 bytes.",
    "bad-request": "Idempotency-Key must be sent once.",
    "unknown-parameter": "The query parameter 'dryrun' is not known; allowed: dry_run.",
    "job-state": "The job is succeeded; this can be done while it is queued or running. Nothing was changed.",
    "job-too-large": "A job holds at most 1,000,000 {plural}; with this part it has 1,000,400.",
    "job-parts-missing": "The job cannot start: parts missing: 2.",
    "too-many-jobs": "You have 5 jobs that have not ended, which is the most. Wait for one, or cancel it.",
    "temporarily-unavailable": "Too many batches are under way. Nothing was applied.",
    "internal-error": "The gateway failed on this request.",
}


class BatchExample(NamedTuple):
    """A batch and its answers."""

    sent: dict[str, object]
    updated: dict[str, object]
    partly_updated: dict[str, object]
    dry_run: dict[str, object]
    stream: str


def of_batch(resource: Resource) -> BatchExample:
    sent, updated = resource.example
    *applied, last = updated
    missing = _item_error(resource, len(applied), str(last[resource.id_name]), "not_found")
    lines: list[dict[str, object]] = [
        {"total": len(updated), "request_id": _REQUEST_ID},
        *({"index": index, resource.name: item} for index, item in enumerate(applied)),
        {"index": len(applied), "error": missing},
        {"status": 207, "succeeded": len(applied), "failed": 1, "unknown": 0},
    ]
    return BatchExample(
        sent={"data": list(sent)},
        updated={"data": list(updated)},
        partly_updated={"data": applied, "errors": [missing]},
        dry_run={"data": [], "validated": len(sent)},
        stream="".join(f"{orjson.dumps(line).decode()}\n" for line in lines),
    )


def problem(slug: str, resource: Resource) -> dict[str, object]:
    """A problem document as a caller of ``resource`` sees it."""
    item_id = str(resource.example.updated[0][resource.id_name])
    members: dict[str, Any] = _MEMBERS.get(slug, {})
    if code := _ITEM_CODES.get(slug):
        members = {"errors": [_item_error(resource, 0, item_id, code)]}
    elif slug == "validation-failed":
        unknown = {"field": "colour", "code": "unknown_field", "detail": "Unknown field."}
        members = {"errors": [{"index": 0, resource.id_name: item_id, **unknown}]}
    return Problem(slug, _said(slug, resource), **members).body("https://gateway.example", _REQUEST_ID)


def _said(slug: str, resource: Resource) -> str:
    """Its detail, of a batch of one item where the core was called; empty where the advice is all."""
    if slug in FAILED_DETAILS:
        return failed_detail(slug, resource, 1)
    return _DETAILS.get(slug, "").format(count=len(resource.example.sent), plural=resource.plural)


def _item_error(resource: Resource, index: int, item_id: str, code: str) -> dict[str, object]:
    row = ITEM_CODES[code]
    field = next(name for name in resource.example.sent[0] if name != resource.id_name)
    error = ItemError(
        status=row.status,
        code=code,
        detail=detail(code, resource.name, item_id),
        outcome=row.outcomes[0],
        retryable=row.retryable,
        errors={field: ["Is not allowed in its present state."]} if code == "rejected" else {},
    )
    return error.body(index, resource.id_name, item_id)


def single_problem(slug: str, text: str, id_name: str, item_id: str) -> dict[str, object]:
    """A problem of a single call; ``text`` is its detail."""
    code = _ITEM_CODES[slug]
    row = ITEM_CODES[code]
    error = ItemError(status=row.status, code=code, detail=text, outcome=row.outcomes[0], retryable=row.retryable)
    body = error.body(None, id_name, item_id)
    return Problem(slug, text, errors=[body]).body("https://gateway.example", _REQUEST_ID)
