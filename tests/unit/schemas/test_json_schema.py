"""What apispec makes of the schemas is valid JSON Schema, and says the same as the loaders as far as JSON Schema can."""

from __future__ import annotations

from typing import Any

import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from schemas import answers
from schemas.actions import ActionUpdateSchema
from schemas.batches import batch_schema
from schemas.compiled import compile_acceptor
from schemas.integrations import IntegrationActionSchema
from tests.unit.schemas.samples import FULL_ITEM, action_items, integration_actions

ANSWERS = [name for name in vars(answers) if name.endswith("Schema") and name != "StrictSchema"]
quick = settings(max_examples=500, deadline=None, derandomize=True, database=None)


def components(*schemas: Any) -> dict[str, Any]:
    spec = APISpec("Gateway", "1", "3.1.0", plugins=[MarshmallowPlugin()])
    for schema in schemas:
        schema = schema() if isinstance(schema, type) else schema
        name = type(schema).__name__.removesuffix("Schema")
        if name not in spec.components.schemas:
            spec.components.schema(name, schema=schema)
    return spec.components.schemas


def validator(schema: Any, name: str) -> Draft202012Validator:
    document = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": components(schema)}}
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


_ACTION = validator(ActionUpdateSchema(), "ActionUpdate")
_INTEGRATION = validator(IntegrationActionSchema(), "IntegrationAction")
_accept_action = compile_acceptor(ActionUpdateSchema())
_accept_integration = compile_acceptor(IntegrationActionSchema())


@quick
@given(action_items)
def test_every_item_that_is_loaded_is_valid_by_json_schema(item: Any) -> None:
    assert _ACTION.is_valid(item) or _accept_action(item) is None


@quick
@given(integration_actions)
def test_every_integration_action_that_is_loaded_is_valid_by_json_schema(body: Any) -> None:
    assert _INTEGRATION.is_valid(body) or _accept_integration(body) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actionId", "0"),
        ("actionId", "9" * 21),
        ("actionId", 0),
        ("actionId", 1.5),
        ("status", "gone"),
        ("title", {}),
        ("title", {"de": "x"}),
        ("title", {"en": "x" * 256}),
        ("title", None),
        ("partner_ids", []),
        ("partner_ids", ["x"]),
        ("partner_ids", FULL_ITEM["partner_ids"] * 2),
        ("due_date", "2024-01-10T06:51:15"),
        ("author_id", 1),
        ("author_id", None),
        ("colour", 1),
    ],
)
def test_json_schema_refuses_what_the_loader_refuses(field: str, value: Any) -> None:
    item = {**FULL_ITEM, field: value}

    assert _accept_action(item) is None
    assert not _ACTION.is_valid(item)


def test_the_batch_tells_its_size_and_its_items() -> None:
    schemas = components(batch_schema(ActionUpdateSchema(languages=("en", "de")), max_items=50))

    assert schemas["BatchUpdate"]["properties"]["data"] == {
        "type": "array",
        "description": "The actions to update, each named once.",
        "minItems": 1,
        "maxItems": 50,
        "items": {"$ref": "#/components/schemas/ActionUpdate"},
    }
    assert list(schemas["ActionUpdate"]["properties"]["title"]["properties"]) == ["en", "de"]


@pytest.mark.parametrize(
    "schema",
    [batch_schema(ActionUpdateSchema()), IntegrationActionSchema(), *[getattr(answers, name)() for name in ANSWERS]],
)
def test_every_schema_becomes_valid_json_schema(schema: Any) -> None:
    for component in components(schema).values():
        Draft202012Validator.check_schema(component)
        assert component["type"] == "object"


def test_every_field_of_a_request_is_described() -> None:
    for name, component in components(batch_schema(ActionUpdateSchema()), IntegrationActionSchema()).items():
        for field, schema in component["properties"].items():
            assert schema.get("description"), f"{name}.{field}"
