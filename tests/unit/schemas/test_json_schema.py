"""What apispec makes of the schemas is valid JSON Schema, and says the same as the loaders as far as JSON Schema can."""

from __future__ import annotations

from typing import Any

import pytest
from apispec import APISpec
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from schemas import actions, answers, integrations
from schemas.actions import ActionSchema, ActionUpdateSchema
from schemas.base import StrictSchema
from schemas.batches import batch_schema
from schemas.compiled import compile_acceptor
from schemas.fields import Choice
from schemas.integrations import IntegrationActionSchema
from schemas.json_schema import ContractPlugin
from tests.unit.schemas.samples import FULL_ITEM, PARTNER, action_items, integration_actions

ACTION_BATCH_ANSWER = answers.batch_answer_schema(ActionSchema, answers.item_error_schema("action", "actionId"))
ANSWERS = (
    ACTION_BATCH_ANSWER,
    answers.problem_schema({"actionId"}),
    *(
        found
        for module in (answers, actions, integrations)
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, answers.AnswerSchema)
    ),
)
quick = settings(max_examples=2 * settings.default.max_examples, derandomize=True, database=None)


def components(*schemas: Any) -> dict[str, Any]:
    spec = APISpec("Gateway", "1", "3.1.0", plugins=[ContractPlugin()])
    for schema in schemas:
        schema = schema() if isinstance(schema, type) else schema
        name = type(schema).__name__.removesuffix("Schema")
        if name not in spec.components.schemas:
            spec.components.schema(name, schema=schema)
    return spec.components.schemas


def validator(schema: Any, name: str) -> Draft202012Validator:
    document = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": components(schema)}}
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document, format_checker=Draft202012Validator.FORMAT_CHECKER)


_ACTION = validator(ActionUpdateSchema(languages=("en", "fr")), "ActionUpdate")
_INTEGRATION = validator(IntegrationActionSchema(), "IntegrationAction")
_accept_action = compile_acceptor(ActionUpdateSchema(languages=("en", "fr")))
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
    assert schemas["ActionUpdate"]["properties"]["title"]["$ref"] == "#/components/schemas/ShortTexts"
    assert list(schemas["ShortTexts"]["properties"]) == ["en", "de"]


@pytest.mark.parametrize(
    "schema",
    [
        batch_schema(ActionUpdateSchema(languages=("en", "fr")), 1_000),
        IntegrationActionSchema(),
        *[answer() for answer in ANSWERS],
    ],
)
def test_every_schema_becomes_valid_json_schema(schema: Any) -> None:
    for component in components(schema).values():
        Draft202012Validator.check_schema(component)
        assert component["type"] in {"object", "string"} if "type" in component else component["anyOf"]


def test_two_types_of_one_name_are_refused() -> None:
    class TwoSchema(StrictSchema):
        size = Choice(("small", "large"), known_as="Size")
        again = Choice(("small", "large"), known_as="Size", allow_none=True, about="The same type in another place.")

    class ThreeSchema(TwoSchema):
        other = Choice(("S", "L"), known_as="Size")

    assert components(TwoSchema)["Size"] == {"type": "string", "enum": ["small", "large"]}
    with pytest.raises(TypeError, match="other: another type is known as Size"):
        components(ThreeSchema)


def test_every_field_of_a_request_is_described() -> None:
    for name, component in components(
        batch_schema(ActionUpdateSchema(languages=("en", "fr")), 1_000), IntegrationActionSchema()
    ).items():
        for field, schema in component.get("properties", {}).items():
            if name not in {"ShortTexts", "LongTexts"}:
                assert schema.get("description"), f"{name}.{field}"


def test_an_item_that_changes_nothing_is_invalid_by_json_schema() -> None:
    assert _accept_action({"actionId": "1"}) is None
    assert not _ACTION.is_valid({"actionId": "1"})
    assert _ACTION.is_valid({"actionId": "1", "status": "done"})


def test_a_request_has_no_field_that_cannot_be_sent() -> None:
    assert (
        "author_id"
        not in components(batch_schema(ActionUpdateSchema(languages=("en", "fr")), 1_000))["ActionUpdate"]["properties"]
    )


@pytest.mark.parametrize(
    ("field", "right"),
    [
        ({"type": "TEXT", "allowMultiSelect": True}, False),
        ({"allowMultiSelect": False}, False),
        ({"type": "NUMBER", "options": []}, False),
        ({"type": "TEXT", "allowMultiSelect": None, "options": None}, True),
        ({"type": "SELECT"}, False),
        ({"type": "SELECT", "options": []}, False),
        ({"type": "SELECT", "options": [], "contextActionId": PARTNER}, True),
        ({"type": "SELECT", "options": [{"label": "a", "value": "a"}], "allowMultiSelect": True}, True),
    ],
)
def test_json_schema_knows_what_belongs_to_select_as_the_loader_does(field: dict[str, Any], right: bool) -> None:
    action = {"name": "a", "inputFields": [{"label": "b", **field}]}

    assert (_accept_integration(action) is not None) is right
    assert _INTEGRATION.is_valid(action) is right


def test_a_request_is_closed_and_an_answer_is_open() -> None:
    requests = components(batch_schema(ActionUpdateSchema(languages=("en", "fr")), 1_000), IntegrationActionSchema())
    shown = components(*ANSWERS)

    for name in ("BatchUpdate", "ActionUpdate", "ShortTexts", "LongTexts", "IntegrationAction", "InputField", "Option"):
        assert requests[name]["additionalProperties"] is False, name
    for name, component in shown.items():
        assert component.get("additionalProperties", True) is not False, name


def test_the_words_of_a_closed_list_have_one_name_in_requests_and_answers() -> None:
    named = components(
        batch_schema(ActionUpdateSchema(languages=("en", "fr")), 1_000), IntegrationActionSchema(), ACTION_BATCH_ANSWER
    )

    assert named["ActionStatus"]["enum"] == ["active", "inactive", "draft", "approved", "pending", "done"]
    for schema in ("ActionUpdate", "Action"):
        for field, name in (("status", "ActionStatus"), ("category_action", "ActionCategory")):
            assert f"'#/components/schemas/{name}'" in repr(named[schema]["properties"][field])
    assert {name for name, component in named.items() if "enum" in component} == {
        "ActionCategory",
        "ActionStatus",
        "InputType",
        "ItemOutcome",
    }
