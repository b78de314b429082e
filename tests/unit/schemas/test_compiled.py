"""The compiled loader agrees with Marshmallow, and with the contract written a second time, on everything."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from schemas.actions import ActionUpdateSchema
from schemas.base import StrictSchema
from schemas.compiled import compile_acceptor, compile_loader
from schemas.containers import ObjectList
from schemas.fields import Flag, Text
from schemas.integrations import IntegrationActionSchema
from schemas.messages import code_of
from tests.unit.schemas import reference
from tests.unit.schemas.samples import FULL_ITEM, action_items, integration_actions

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

_ACTION = ActionUpdateSchema(languages=("en", "fr"))
_INTEGRATION = IntegrationActionSchema()
_load_action = compile_loader(_ACTION)
_load_integration = compile_loader(_INTEGRATION)

quick = settings(max_examples=4 * settings.default.max_examples, derandomize=True, database=None)
thorough = settings(max_examples=30_000, database=None, suppress_health_check=[HealthCheck.too_slow])


def with_codes(messages: Any) -> Any:
    """Marshmallow's nested messages with each message's code beside its text."""
    if isinstance(messages, dict):
        return {name: with_codes(inner) for name, inner in messages.items()}
    return [(code_of(message), str(message)) for message in messages]


def by_marshmallow(schema: Schema, value: Any) -> tuple[Any, Any]:
    try:
        return schema.load(value), {}
    except ValidationError as refusal:
        return None, with_codes(refusal.messages)


def by_compiled(load: Callable[[Any, dict[Any, Any]], Any], value: Any) -> tuple[Any, Any]:
    errors: dict[Any, Any] = {}
    loaded = load(value, errors)
    return None if errors else loaded, with_codes(errors)


def variants(valid: dict[str, Any], drawn: Any) -> list[Any]:
    """What was drawn, and each of its fields alone in an item that is valid otherwise: no error hides another."""
    members = drawn.items() if isinstance(drawn, dict) else ()
    return [drawn, *({**valid, name: value} for name, value in members)]


def assert_actions_agree(drawn: Any) -> int:
    items = variants(FULL_ITEM, drawn)
    for item in items:
        actual = by_compiled(_load_action, item)
        assert actual == by_marshmallow(_ACTION, item)
        assert actual[0] == reference.loaded(item)
    return len(items)


def assert_integrations_agree(drawn: Any) -> int:
    bodies = variants({"name": "x"}, drawn)
    for body in bodies:
        assert by_compiled(_load_integration, body) == by_marshmallow(_INTEGRATION, body)
    return len(bodies)


@quick
@given(action_items)
@example(FULL_ITEM)
@example({})
@example({"_schema": 1})
def test_compiled_and_plain_marshmallow_agree_on_actions(drawn: Any) -> None:
    assert_actions_agree(drawn)


@quick
@given(integration_actions)
def test_compiled_and_plain_marshmallow_agree_on_integration_actions(drawn: Any) -> None:
    assert_integrations_agree(drawn)


@pytest.mark.slow
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize(
    ("strategy", "agree"),
    [(action_items, assert_actions_agree), (integration_actions, assert_integrations_agree)],
    ids=["actions", "integration actions"],
)
def test_compiled_and_plain_marshmallow_agree_a_hundred_thousand_times(
    strategy: SearchStrategy[Any], agree: Callable[[Any], int]
) -> None:
    compared = 0

    @thorough
    @given(strategy)
    def compare(drawn: Any) -> None:
        nonlocal compared
        compared += agree(drawn)

    compare()

    assert compared >= 100_000


def test_loading_leaves_the_document_as_it_was() -> None:
    item = {**FULL_ITEM, "partner_ids": [FULL_ITEM["partner_ids"][0].upper()], "actionId": "0019"}
    before = repr(item)

    _load_action(item, {})

    assert repr(item) == before


def test_an_acceptor_gives_the_loaded_object_or_none() -> None:
    accept = compile_acceptor(_ACTION)

    assert accept(FULL_ITEM) == FULL_ITEM
    assert accept({**FULL_ITEM, "status": "gone"}) is None
    assert accept("nothing of the kind") is None


class _Plain(Schema):
    name = fields.String()


class _WithHook(StrictSchema):
    name = Text(9)

    @post_load
    def shout(self, loaded: dict[str, Any], **_options: Any) -> dict[str, Any]:
        return {**loaded, "name": loaded["name"].upper()}


class _Renamed(StrictSchema):
    name = Text(9, data_key="Name")


class _Lenient(StrictSchema):
    class Meta:
        unknown = EXCLUDE

    name = Text(9)


@pytest.mark.parametrize(
    ("schema", "value", "reason"),
    [
        (_Plain(), {"name": "x"}, "not a StrictSchema"),
        (_WithHook(), {"name": "x"}, "has hooks of its own"),
        (_Renamed(), {"Name": "x"}, "renames name"),
        (_Lenient(), {"name": "x", "more": 1}, "loads many, partially, or what it does not know"),
        (_Plain(many=True), [{"name": "x"}], "not a StrictSchema"),
    ],
)
def test_a_schema_that_cannot_be_compiled_keeps_marshmallows_load_and_is_logged(
    schema: Schema, value: Any, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        load = compile_loader(schema)

    assert [(record.message, record.reason) for record in caplog.records] == [("schema_not_compiled", reason)]  # type: ignore[attr-defined] # set by extra
    if not schema.many:
        assert by_compiled(load, value) == by_marshmallow(schema, value)
    assert by_compiled(load, 5) == by_marshmallow(schema, 5)


class _Inner(StrictSchema):
    flag = Flag(load_default=True)
    number = fields.Integer(required=True)


class _Mixed(StrictSchema):
    """Own fields beside stock ones and validators, which only Marshmallow can run."""

    kept = Text(9)
    number = fields.Integer()
    checked = Text(9, validate=validate.NoneOf(["bad"]))
    trimmed = Text(9, pre_load=str.strip)
    flags = ObjectList(_Inner, least=1)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"kept": "x", "number": "5", "checked": "good", "trimmed": "  y  "},
        {"kept": 5, "number": "x", "checked": "bad", "trimmed": " 0123456789 "},
        {"flags": [{"number": 1}, {"flag": False, "number": "2"}]},
        {"flags": [{"number": 1}, {"flag": 0}, 7]},
        {"flags": []},
        {"flags": None},
    ],
)
def test_a_field_that_cannot_be_compiled_keeps_marshmallows_deserialize(value: Any) -> None:
    schema = _Mixed()

    assert by_compiled(compile_loader(schema), value) == by_marshmallow(schema, value)


def test_each_field_that_cannot_be_compiled_is_logged_once_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        load = compile_loader(_Mixed())
        load({"number": 5}, {})

    fields_logged = [record.field for record in caplog.records if record.message == "field_not_compiled"]  # type: ignore[attr-defined] # set by extra
    assert fields_logged == ["number", "checked", "trimmed", "number"]


@pytest.mark.parametrize("schema", [_ACTION, _INTEGRATION])
def test_the_contracts_own_schemas_compile_whole(schema: Schema, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        compile_loader(schema)

    assert not caplog.records
