"""Which ids in an answer name the action that was asked for."""

from __future__ import annotations

import orjson
import pytest

from legacy_client.errors import (
    BadAnswer,
)
from legacy_client.sending.shape import AnswerShape
from legacy_client.transport.memory import answer
from tests.doubles.core_parts import some_reader

NOW = 1_800_000_000.0

READER = some_reader(atomic_errors=False, max_answer_bytes=10_000, wall_clock=lambda: NOW)


def test_true_is_not_the_id_one() -> None:
    assert isinstance(READER.read(answer(200, b'{"data": {"id": true}}'), 1), BadAnswer)


def test_an_id_in_text_is_compared_as_text() -> None:
    uuid = "0b0a7d5e-58a5-4d83-9d3c-3f9c1a4b7a10"
    body = orjson.dumps({"data": {"id": uuid}})

    assert READER.read(answer(200, body), uuid) == {"id": uuid}


@pytest.mark.parametrize(("found", "action_id"), [("7", 7), ("007", 7), ("18446744073709551616", 2**64)])
def test_an_id_in_digits_names_the_same_action(found: str, action_id: int) -> None:
    body = orjson.dumps({"data": {"id": found, "state": 2}})

    assert READER.read(answer(200, body), action_id) == {"id": action_id, "state": 2}


def test_the_id_is_told_where_it_stands_and_no_field_of_another_name_is_lost() -> None:
    reader = some_reader(shape=AnswerShape(id_at=("meta", "no")))

    assert reader.read(answer(200, b'{"data": {"id": "x", "meta": {"no": "007"}}}'), 7) == {
        "id": "x",
        "meta": {"no": 7},
    }


@pytest.mark.parametrize("action_id", [2**63, 2**64 - 1, 2**64, 2**64 + 1, 10**20 - 1])
def test_an_id_of_up_to_twenty_digits_is_compared_to_the_last(action_id: int) -> None:
    body = b'{"data": {"state": 2, "id": %d}}' % action_id

    assert READER.read(answer(200, body), action_id) == {"state": 2, "id": action_id}
    for other in (action_id - 1, action_id + 1):
        assert isinstance(READER.read(answer(200, body), other), BadAnswer)


@pytest.mark.parametrize(
    "found",
    [
        b"18446744073709551616.0",
        b"1.8446744073709551616e19",
        b"1" * 5000,
        b"1e400",
        b"NaN",
        b"Infinity",
        b'"18446744073709551615"',
    ],
    ids=lambda found: repr(found[:30]),
)
def test_what_is_not_written_as_that_integer_is_not_that_id(found: bytes) -> None:
    assert isinstance(READER.read(answer(200, b'{"data": {"id": %b}}' % found), 2**64), BadAnswer)


@pytest.mark.parametrize("value", [b"NaN", b"[" * 1000 + b"]" * 1000, b"[" * 3000 + b"]" * 3000])
def test_such_an_id_is_read_beside_a_broken_or_deep_value(value: bytes) -> None:
    result = READER.read(answer(200, b'{"data": {"id": 18446744073709551616, "x": %b}}' % value), 2**64)

    assert isinstance(result, dict)
    assert result["id"] == 2**64


@pytest.mark.parametrize(("found", "action_id"), [(b"7.0", 7), (b"70e-1", 7), (b"9007199254740991.0", 2**53 - 1)])
def test_a_whole_number_is_the_id_up_to_where_it_is_one_integer(found: bytes, action_id: int) -> None:
    body = b'{"data": {"id": %b, "state": 2}}' % found

    assert READER.read(answer(200, body), action_id) == {"id": action_id, "state": 2}


@pytest.mark.parametrize("found", [b"9007199254740992.0", b"9007199254740993.0"])
def test_a_whole_number_that_may_be_several_integers_is_no_id(found: bytes) -> None:
    assert isinstance(READER.read(answer(200, b'{"data": {"id": %b}}' % found), 2**53), BadAnswer)


def test_a_uuid_is_the_same_in_other_case_and_comes_back_as_it_was_asked_for() -> None:
    uuid = "0b0a7d5e-58a5-4d83-9d3c-3f9c1a4b7a10"
    body = orjson.dumps({"data": {"id": uuid.upper()}})

    assert READER.read(answer(200, body), uuid) == {"id": uuid}
    assert isinstance(READER.read(answer(200, body), uuid.replace("0b", "0c")), BadAnswer)
