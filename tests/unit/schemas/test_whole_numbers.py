"""A whole number: the compiled loader, Marshmallow and the rule written a second time agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from marshmallow import ValidationError

from schemas.base import StrictSchema
from schemas.compiled import compile_loader
from schemas.fields import WholeNumber
from schemas.messages import code_of
from tests.unit.schemas.samples import json_values


class Rated(StrictSchema):
    rating = WholeNumber(0, 5)
    stock = WholeNumber(-1_000, 10**20)


SCHEMA = Rated()
load = compile_loader(SCHEMA)


def refusal(value: Any) -> list[str]:
    errors: dict[Any, Any] = {}
    load({"rating": value}, errors)
    return [code_of(message) for message in errors.get("rating", [])]


def test_it_is_compiled(caplog: pytest.LogCaptureFixture) -> None:
    compile_loader(Rated())

    assert caplog.records == []


@pytest.mark.parametrize("value", range(6))
def test_every_number_between_the_bounds_is_loaded_as_it_is(value: int) -> None:
    errors: dict[Any, Any] = {}

    assert load({"rating": value}, errors) == {"rating": value}
    assert errors == {}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (-1, "out_of_range"),
        (6, "out_of_range"),
        (10**40, "out_of_range"),
        (True, "invalid_type"),
        (False, "invalid_type"),
        (3.0, "invalid_type"),
        (3.5, "invalid_type"),
        ("3", "invalid_type"),
        ([3], "invalid_type"),
        ({}, "invalid_type"),
        (None, "null_not_allowed"),
    ],
)
def test_anything_else_is_refused_with_its_code(value: object, code: str) -> None:
    assert refusal(value) == [code]


@given(st.integers(-3, 8) | st.integers() | st.booleans() | st.floats(allow_nan=False) | json_values)
def test_the_loader_marshmallow_and_the_rule_agree(value: Any) -> None:
    errors: dict[Any, Any] = {}
    loaded = load({"rating": value}, errors)

    assert errors == SCHEMA.validate({"rating": value})
    assert (loaded == {"rating": value}) is (type(value) is int and 0 <= value <= 5)
    assert (errors == {}) is (loaded != {})


def test_its_message_and_its_json_schema_tell_the_bounds() -> None:
    field = SCHEMA.load_fields["stock"]

    assert field.metadata == {"type": "integer", "minimum": -1000, "maximum": 10**20}
    assert Draft202012Validator(dict(field.metadata)).is_valid(10**20)
    with pytest.raises(ValidationError) as refused:
        SCHEMA.load({"stock": -1001})
    assert refused.value.messages == {"stock": ["Must be a whole number from -1,000 to 100,000,000,000,000,000,000."]}
