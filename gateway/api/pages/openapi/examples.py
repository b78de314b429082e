"""Examples for the OpenAPI document; each is checked against its schema by a test."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.batch.outcome import ItemError
from gateway.item_codes import Applied
from gateway.problems import PROBLEM_TYPES, Problem

_REQUEST_ID = "01JD2M4Y6Z8QKX3V5T7W9B1C0E"
BATCH: dict[str, list[dict[str, object]]] = {
    "data": [
        {
            "actionId": "19353",
            "status": "active",
            "title": {"en": "Leave approval", "fr": "Validation de congé"},
            "due_date": "2024-01-10 06:51:15",
        },
        {"actionId": "19354", "category_action": "validation", "type_action": "link"},
    ]
}
UPDATED = {"data": [{**action, "author_id": 7} for action in BATCH["data"]]}
DRY_RUN = {"data": [], "validated": 2}
_NOT_FOUND = ItemError(
    status=404, code="not_found", detail="Action 19354 was not found.", outcome=Applied.NOT_APPLIED
).body(1, "actionId", "19354")
PARTLY_UPDATED = {"data": UPDATED["data"][:1], "errors": [_NOT_FOUND]}


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch, and its answers."""

    sent: object
    updated: object
    partly_updated: object


BATCHES = {"actions": Batch(BATCH, UPDATED, PARTLY_UPDATED)}
"""By what the items are called."""

INTEGRATION_ACTION = {
    "name": "Get User Data v2",
    "description": "Reads one user.",
    "inputFields": [
        {"label": "User ID", "required": True},
        {"label": "Format", "type": "SELECT", "options": [{"label": "JSON", "value": "json"}]},
    ],
}
_FIELD = {"description": "", "placeholder": None, "allowMultiSelect": None, "contextActionId": None}
INTEGRATION_ANSWER = {
    "action": {
        "id": "0d9f6f0e-2a41-4c58-8b1c-0f6a7c9b2222",
        "name": "Get User Data v2",
        "slug": "getUserData",
        "description": "Reads one user.",
        "code": None,
        "order": 0,
        "inputFields": [
            {
                "slug": "userId",
                "label": "User ID",
                "type": "TEXT",
                "required": True,
                "order": 0,
                "options": None,
                **_FIELD,
            },
            {
                "slug": "format",
                "label": "Format",
                "type": "SELECT",
                "required": False,
                "order": 1,
                "options": [{"label": "JSON", "value": "json"}],
                **_FIELD,
            },
        ],
    }
}
_INVALID = [
    {
        "index": 0,
        "actionId": "19353",
        "field": "status",
        "code": "invalid_choice",
        "detail": "Must be one of: active, inactive, draft, approved, pending, done.",
    }
]
_ITEM_ERRORS = {
    "core-rejected": ItemError(
        status=422,
        code="rejected",
        detail="The core rejected the update of action 19353.",
        outcome=Applied.NOT_APPLIED,
        errors={"due_date": ["Is in the past."]},
    ),
    "not-found": ItemError(
        status=404, code="not_found", detail="Action 19353 was not found.", outcome=Applied.NOT_APPLIED
    ),
    "conflict": ItemError(
        status=409,
        code="conflict",
        detail="The update of action 19353 conflicts with its present state.",
        outcome=Applied.NOT_APPLIED,
    ),
    "core-failed": ItemError(
        status=502,
        code="core_broke_off",
        detail="The core broke off before it answered; action 19353 may have been updated.",
        outcome=Applied.UNKNOWN,
    ),
    "core-misconfigured": ItemError(
        status=502,
        code="core_misconfigured",
        detail="The core cannot be used as it is set up; action 19353 was not updated.",
        outcome=Applied.NOT_APPLIED,
    ),
    "core-timed-out": ItemError(
        status=504,
        code="core_timeout",
        detail="The core did not answer in time; action 19353 may have been updated.",
        outcome=Applied.UNKNOWN,
    ),
}
_MEMBERS: dict[str, dict[str, object]] = {
    "validation-failed": {"errors": _INVALID},
    "batch-too-large": {"max_items": 1000, "received_items": 1200},
    "body-too-large": {"max_bytes": 5_242_880},
}


def problem(slug: str) -> dict[str, object]:
    """A problem document of this type as a caller would see it."""
    error = _ITEM_ERRORS.get(slug)
    members = {"errors": [error.body(0, "actionId", "19353")]} if error else _MEMBERS.get(slug, {})
    return Problem(slug, PROBLEM_TYPES[slug].advice, **members).body("https://gateway.example", _REQUEST_ID)
