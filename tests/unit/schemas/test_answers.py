"""The answer schemas take the contract's own examples and refuse what is not the contract."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError

from schemas.integrations import IntegrationActionAnswerSchema
from tests import exact
from tests.unit.schemas.samples import FULL_ITEM, PARTNER

ACTION = {**FULL_ITEM, "author_id": 7}
ITEM_ERROR = {
    "index": 0,
    "actionId": "19353",
    "status": 404,
    "code": "not_found",
    "detail": "Action 19353 was not found.",
    "outcome": "not_applied",
    "retryable": False,
}
PROBLEM = {
    "type": "https://gateway.example/problems/validation-failed",
    "title": "Validation failed",
    "status": 400,
    "detail": "2 of 3 actions are invalid; nothing was sent to the core.",
    "instance": "urn:request:01JD2M4Y6Z8QKX3V5T7W9B1C0E",
}
VALIDATION_ERROR = {
    "index": 0,
    "actionId": "19353",
    "field": "status",
    "code": "invalid_choice",
    "detail": "Must be one of: active, inactive, draft, approved, pending, done.",
}
INPUT_FIELD = {
    "slug": "userId",
    "label": "User ID",
    "type": "TEXT",
    "description": "",
    "placeholder": None,
    "required": True,
    "order": 0,
    "options": None,
    "allowMultiSelect": None,
    "contextActionId": None,
}
STORED = {
    "id": PARTNER,
    "name": "Get User Data",
    "slug": "getUserData",
    "description": "",
    "code": None,
    "order": 0,
    "inputFields": [INPUT_FIELD],
}

GOOD: list[tuple[Any, dict[str, Any]]] = [
    (exact.UpdatedSchema, {"data": [ACTION, {"actionId": "1"}]}),
    (exact.UpdatedSchema, {"data": [{"actionId": "1", "subtitle": None, "due_date": None, "partner_ids": []}]}),
    (exact.PartlyUpdatedSchema, {"data": [ACTION], "errors": [ITEM_ERROR]}),
    (exact.PartlyUpdatedSchema, {"data": [ACTION], "errors": [{**ITEM_ERROR, "retry_after": 3, "errors": {"due_date": ["Past."]}}]}),
    (exact.DryRunSchema, {"data": [], "validated": 3}),
    (exact.ProblemSchema, {**PROBLEM, "max_items": 1000}),
    (exact.ValidationProblemSchema, {**PROBLEM, "errors": [VALIDATION_ERROR], "errors_total": 101}),
    (
        exact.ValidationProblemSchema,
        {**PROBLEM, "errors": [{**VALIDATION_ERROR, "index": None, "actionId": None, "field": None}]},
    ),
    (exact.BatchProblemSchema, {**PROBLEM, "errors": [ITEM_ERROR]}),
    (exact.BatchProblemSchema, {**PROBLEM, "errors": [{**ITEM_ERROR, "index": None}]}),
    (IntegrationActionAnswerSchema, {"action": STORED}),
]  # fmt: skip

BAD: list[tuple[Any, dict[str, Any], str]] = [
    (exact.UpdatedSchema, {"data": [{"status": "done"}]}, "actionId"),
    (exact.UpdatedSchema, {"data": [{"actionId": "1", "state": 2}]}, "state"),
    (exact.UpdatedSchema, {"data": [{"actionId": "1", "status": "ACTIVE"}]}, "status"),
    (exact.UpdatedSchema, {"data": [], "errors": []}, "errors"),
    (exact.PartlyUpdatedSchema, {"data": [], "errors": [ITEM_ERROR]}, "data"),
    (exact.PartlyUpdatedSchema, {"data": [ACTION], "errors": []}, "errors"),
    (exact.PartlyUpdatedSchema, {"data": [ACTION], "errors": [{**ITEM_ERROR, "outcome": "maybe"}]}, "outcome"),
    (exact.PartlyUpdatedSchema, {"data": [ACTION], "errors": [{**ITEM_ERROR, "retryable": "no"}]}, "retryable"),
    (exact.DryRunSchema, {"data": [ACTION], "validated": 1}, "data"),
    (exact.DryRunSchema, {"data": [], "validated": -1}, "validated"),
    (exact.ProblemSchema, {**PROBLEM, "type": "validation-failed"}, "type"),
    (exact.ProblemSchema, {name: value for name, value in PROBLEM.items() if name != "instance"}, "instance"),
    (exact.ValidationProblemSchema, {**PROBLEM, "errors": [{**VALIDATION_ERROR, "code": "odd"}]}, "code"),
    (exact.ValidationProblemSchema, {**PROBLEM, "errors": [VALIDATION_ERROR] * 101}, "errors"),
    (exact.BatchProblemSchema, {**PROBLEM, "errors": []}, "errors"),
    (IntegrationActionAnswerSchema, {"action": {**STORED, "code": 1}}, "code"),
    (IntegrationActionAnswerSchema, {"action": {**STORED, "inputFields": [{}]}}, "slug"),
]


@pytest.mark.parametrize(("schema", "body"), GOOD)
def test_the_contracts_answers_are_taken(schema: Any, body: dict[str, Any]) -> None:
    assert schema().validate(body) == {}


@pytest.mark.parametrize(("schema", "body", "named"), BAD)
def test_other_answers_are_refused(schema: Any, body: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as caught:
        schema().load(body)

    assert f"'{named}'" in repr(caught.value.messages)
