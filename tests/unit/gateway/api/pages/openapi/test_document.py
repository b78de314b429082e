"""Where several resources are served, what may be of any of them is described for each."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from gateway.api.pages.openapi.document import document
from gateway.auth.api_keys.api_key_authenticator import API_KEY
from gateway.resources.actions import actions
from tests.e2e.documents.resource import documents

ONE_DOCUMENT = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    made = [make(("en", "fr"), 1000, lambda: None) for make in (actions, documents)]
    return document(version="1.0.0", resources=made, methods=(API_KEY,), max_items=1000, public_url="")


def errors(described: dict[str, Any], schema: dict[str, Any], body: object) -> list[str]:
    whole = {**schema, "components": described["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(body)]


def test_the_document_is_one(described):
    validate(described)


@pytest.mark.parametrize(
    ("item", "is_described"),
    [
        ({"actionId": "19000", "status": "done"}, True),
        ({"documentId": ONE_DOCUMENT, "priority": 2}, True),
        ({"documentId": ONE_DOCUMENT, "status": "done"}, False),
    ],
)
def test_a_part_of_a_job_holds_items_of_one_of_them(described, item, is_described):
    operation = described["paths"]["/openapi/api/v1/jobs/{jobId}/parts/{number}"]["put"]
    content = operation["requestBody"]["content"]["application/json"]

    assert (errors(described, content["schema"], {"data": [item]}) == []) is is_described
    assert errors(described, content["schema"], content["example"]) == []


@pytest.mark.parametrize(
    ("updated", "is_described"),
    [
        ({"actionId": "19000", "status": "done"}, True),
        ({"documentId": ONE_DOCUMENT, "pages": 3}, True),
        ({"documentId": ONE_DOCUMENT, "pages": "three"}, False),
    ],
)
def test_a_kept_batch_is_of_one_of_them(described, updated, is_described):
    kept = {"status": 200, "complete": True, "data": [updated], "errors": []}

    assert (errors(described, {"$ref": "#/components/schemas/KeptBatch"}, kept) == []) is is_described
