"""Messages carry codes of one closed list, and the list holds no code that nothing uses."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from marshmallow import ValidationError, fields

import schemas
from schemas.error_list import ErrorList, leaves
from schemas.messages import VALIDATION_CODES, Message, code_of


def test_a_message_is_its_text_with_a_code() -> None:
    message = Message("too_long", "Must be short.")

    assert (message, message.code, code_of(message)) == ("Must be short.", "too_long", "too_long")


def test_a_code_that_is_not_on_the_list_is_refused_when_the_message_is_made() -> None:
    with pytest.raises(KeyError):
        Message("misspelt", "Must be short.")


def test_formatting_keeps_the_code() -> None:
    message = Message("too_long", "Must be {short}.")

    assert message.format(short=1, value=2) is message


def test_a_stock_message_of_marshmallow_gets_a_code_too() -> None:
    with pytest.raises(ValidationError) as caught:
        fields.Integer().deserialize("x")
    errors = ErrorList()

    errors.add({"number": caught.value.messages})

    assert [(error.field, error.code) for error in errors.listed] == [("number", "invalid_value")]


@pytest.mark.parametrize("code", VALIDATION_CODES)
def test_each_code_is_used_and_explained(code: str) -> None:
    package = Path(schemas.__file__).parent
    sources = [path.read_text(encoding="utf-8") for path in package.glob("*.py")]

    assert sum(source.count(f'"{code}"') for source in sources) >= 2
    assert VALIDATION_CODES[code].endswith(".")


def test_the_list_of_codes_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        VALIDATION_CODES["more"] = "x"  # type: ignore[index] # that is the point


def test_nested_messages_become_dotted_paths() -> None:
    messages = {
        "_schema": ["whole"],
        "title": {"de": ["a", "b"]},
        "inputFields": {1: {"options": {2: {"value": ["c"]}}, "_schema": ["d"]}},
    }

    assert list(leaves(copy.deepcopy(messages))) == [
        (None, "whole"),
        ("title.de", "a"),
        ("title.de", "b"),
        ("inputFields.1.options.2.value", "c"),
        ("inputFields.1", "d"),
    ]


def test_a_path_made_of_a_hostile_name_is_cut() -> None:
    ((path, _),) = leaves({"x" * 1_000_000: ["Unknown field."]})

    assert path == "x" * 200
