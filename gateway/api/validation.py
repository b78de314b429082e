"""What the schemas refuse, as a problem: every error with its index, actionId and field (``contract.md`` 1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.problems import Problem
from schemas.actions import BatchTooLarge

if TYPE_CHECKING:
    from schemas.actions import InvalidBatch
    from schemas.base import FieldError, InvalidDocument


def batch_refusal(refusal: InvalidBatch | BatchTooLarge) -> Problem:
    """The problem for a batch that the schemas refuse."""
    if isinstance(refusal, BatchTooLarge):
        detail = f"A batch holds at most {refusal.max_items} actions; this one has {refusal.received}. Nothing was sent to the core."
        return Problem("batch-too-large", detail, max_items=refusal.max_items, received_items=refusal.received)
    return Problem("validation-failed", _detail(refusal), **_listed(refusal))


def document_refusal(refusal: InvalidDocument) -> Problem:
    """The problem for a single document that the schemas refuse."""
    detail = "The action is invalid; nothing was sent to the core."
    return Problem("validation-failed", detail, **_listed(refusal))


def _entry(error: FieldError) -> dict[str, object]:
    return {
        "index": error.index,
        "actionId": error.action_id,
        "field": error.field,
        "code": error.code,
        "detail": error.detail,
    }


def _detail(refusal: InvalidBatch) -> str:
    if not refusal.invalid_items:
        return "The request is not a batch of actions; nothing was sent to the core."
    verb = "is" if refusal.invalid_items == 1 else "are"
    return f"{refusal.invalid_items} of {refusal.total_items} actions {verb} invalid; nothing was sent to the core."


def _listed(refusal: InvalidDocument) -> dict[str, Any]:
    """The errors, and how many there are where not all are listed."""
    total = {"errors_total": refusal.errors_total} if refusal.errors_total > len(refusal.errors) else {}
    return {**total, "errors": [_entry(error) for error in refusal.errors]}
