"""Refusals of the schemas as problems (``contract.md`` 1.3)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from gateway.problems import Problem
from gateway.telemetry.events import InvalidRequest
from schemas.base import ABOUT_NAMES
from schemas.batches import BatchTooLarge

if TYPE_CHECKING:
    from gateway.resources.resource import Resource
    from schemas.base import FieldError, InvalidDocument
    from schemas.batches import InvalidBatch


def batch_refusal(resource: Resource, refusal: InvalidBatch | BatchTooLarge) -> Problem:
    if isinstance(refusal, BatchTooLarge):
        detail = f"A batch holds at most {refusal.max_items} {resource.plural}; this one has {refusal.received}. Nothing was sent to the core."
        return Problem("batch-too-large", detail, max_items=refusal.max_items, received_items=refusal.received)
    members = _listed(refusal, resource.id_name)
    if refusal.checked_items < refusal.total_items:
        members = {"checked_items": refusal.checked_items, **members}
    return Problem("validation-failed", _detail(resource, refusal), **members)


def document_refusal(refusal: InvalidDocument, name: str, id_name: str) -> Problem:
    """``name`` is what the document describes."""
    return Problem("validation-failed", _one_invalid(name), **_listed(refusal, id_name))


def invalid_request(problem: Problem) -> InvalidRequest | None:
    """For operators: codes and fields, without a value. None for another problem."""
    errors: Any = problem.members.get("errors")
    if problem.slug != "validation-failed" or not errors:
        return None
    return InvalidRequest(
        errors=int(str(problem.members.get("errors_total", len(errors)))),
        codes=Counter(error["code"] for error in errors),
        fields=Counter(_field(error["field"] or "", error["code"]) for error in errors),
        index=next((error["index"] for error in errors if error["index"] is not None), None),
    )


def _field(path: str, code: str) -> str:
    """Without the indexes of lists. A name that the contract does not have is a caller's own text."""
    names = [name for name in path.split(".") if not name.isdigit()]
    if code in ABOUT_NAMES:
        # What follows a field's own name may be the caller's, and hold dots.
        names = [*names[:1], "?"] if code == "unknown_language" else ["?"]
    return ".".join(names) or "item"


def _entry(error: FieldError, id_name: str) -> dict[str, object]:
    return {
        "index": error.index,
        id_name: error.item_id,
        "field": error.field,
        "code": error.code,
        "detail": error.detail,
    }


def _detail(resource: Resource, refusal: InvalidBatch) -> str:
    if not refusal.invalid_items:
        return f"The request is not a batch of {resource.plural}; nothing was sent to the core."
    if refusal.total_items == 1:
        return _one_invalid(resource.name)
    verb = "is" if refusal.invalid_items == 1 else "are"
    invalid = f"{resource.plural} {verb} invalid; nothing was sent to the core."
    if refusal.checked_items == refusal.total_items:
        return f"{refusal.invalid_items} of {refusal.total_items} {invalid}"
    checked = f"Only the first {refusal.checked_items} of {refusal.total_items} {resource.plural} were checked"
    return f"{refusal.invalid_items} of {refusal.checked_items} {invalid} {checked}, for they have {refusal.errors_total:,} errors."


def _one_invalid(name: str) -> str:
    return f"The {name} is invalid; nothing was sent to the core."


def _listed(refusal: InvalidDocument, id_name: str) -> dict[str, Any]:
    """The errors' number is given where not all are listed."""
    total = {"errors_total": refusal.errors_total} if refusal.errors_total > len(refusal.errors) else {}
    return {**total, "errors": [_entry(error, id_name) for error in refusal.errors]}
