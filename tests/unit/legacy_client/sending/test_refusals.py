"""What the core's other answers mean: statuses, when to come back, and its words."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legacy_client.errors import (
    AccessDenied,
    BadAnswer,
    Busy,
    Conflict,
    CoreError,
    NotFound,
    Rejected,
    SaidNo,
    ServerFailed,
)
from legacy_client.sending.reading import refusal
from legacy_client.sending.waits import retry_after
from legacy_client.transport.memory import answer
from tests.doubles.core_parts import some_reader

NOW = 1_800_000_000.0

READER = some_reader(atomic_errors=False, max_answer_bytes=10_000, wall_clock=lambda: NOW)

ACTION = {"id": 7, "state": 2}

BODY = orjson.dumps({"data": ACTION})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (100, BadAnswer), (199, BadAnswer), (300, BadAnswer), (301, BadAnswer), (302, BadAnswer), (303, BadAnswer),
        (304, BadAnswer), (307, BadAnswer), (308, BadAnswer), (400, Rejected), (401, AccessDenied), (402, Rejected),
        (403, AccessDenied), (404, NotFound), (405, Rejected), (407, AccessDenied), (408, Busy), (409, Conflict), (410, Rejected),
        (412, Rejected), (413, Rejected), (415, Rejected), (421, Busy), (422, Rejected), (423, Busy),
        (424, Rejected), (425, Busy), (428, Rejected), (429, Busy), (431, AccessDenied), (499, Rejected),
        (500, ServerFailed), (501, ServerFailed), (502, ServerFailed), (503, Busy), (504, ServerFailed),
        (599, ServerFailed), (600, BadAnswer), (999, BadAnswer),
    ],
)  # fmt: skip
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"message": "no"}', BODY], ids=["empty", "html", "error", "action"])
def test_each_status_has_its_meaning_whatever_the_body(status: int, kind: type[CoreError], body: bytes) -> None:
    assert type(READER.read(answer(status, body, Content_Type="text/html"), 7)) is kind


@pytest.mark.parametrize("atomic", [True, False])
def test_a_server_error_is_certain_only_where_the_core_is_atomic(atomic: bool) -> None:
    reader = some_reader(atomic_errors=atomic, max_answer_bytes=10_000)

    result = reader.read(answer(500), 7)

    assert isinstance(result, ServerFailed)
    assert result.may_have_been_applied is not atomic


@pytest.mark.parametrize("status", [408, 421, 423, 425, 429, 503])
def test_a_busy_core_says_when_to_come_back(status: int) -> None:
    result = READER.read(answer(status, Retry_After="3"), 7)

    assert isinstance(result, Busy)
    assert (result.status, result.retry_after) == (status, 3.0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("1", 1.0),
        (" 120 ", 120.0),
        ("3600", 3600.0),
        ("999999", 86_400.0),
        ("9" * 5000, 86_400.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("²", None),
        ("٣", None),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        ("Friday, 15-Jan-27 08:00:30 GMT", 30.0),
        ("Fri Jan 15 08:00:30 2027", 30.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("Fri, 15 Jan 2038 07:00:00 GMT", 86_400.0),
        ("Fri, 99 Jan 2027 07:00:00 GMT", None),
        ("Fri, 15 Jan 99999 07:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, lambda: NOW) == seconds


@given(
    st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,5} \d\d:\d\d:\d\d( [A-Z+\-\d]*)?")
)
def test_no_retry_after_can_do_harm(value: str) -> None:
    seconds = retry_after(value, lambda: NOW)

    assert seconds is None or 0 <= seconds <= 86_400


def test_a_rejection_carries_the_cores_messages_by_field() -> None:
    body = orjson.dumps(
        {"message": "Invalid.", "errors": {"due_at": ["is past"], "state": ["a", "b"]}, "status_code": 422}
    )

    result = refusal(422, body)

    assert (result.status, result.message) == (422, "Invalid.")
    assert result.errors == {"due_at": ["is past"], "state": ["a", "b"]}


@pytest.mark.parametrize(
    ("errors", "kept"),
    [
        ({"a": "one text"}, {"a": ["one text"]}),
        ({"a": ["x", 1, None, {"y": 1}, "z"]}, {"a": ["x", "z"]}),
        ({"a": [1], "b": None, "c": {}}, {}),
        ({"a" * 501: ["x"]}, {}),
        (["a"], {}),
        ("a", {}),
        (None, {}),
    ],
)
def test_only_well_formed_messages_are_kept(errors: object, kept: dict[str, list[str]]) -> None:
    assert refusal(422, orjson.dumps({"errors": errors, "message": ["not text"]})).errors == kept


def test_no_words_of_the_core_can_steer_whoever_shows_them() -> None:
    said = "a\x00b\x1b[31m\r\nc\u202ed\u2028e\x85f"

    result = refusal(422, orjson.dumps({"message": f" {said}\n", "errors": {"state": said}}))

    assert result.message == "a b [31m c d e f"
    assert result.errors == {"state": ["a b [31m c d e f"]}


def test_what_is_broken_in_a_refusal_takes_no_other_word_with_it() -> None:
    body = rb'{"message": "cut \ud83d", "errors": {"state": ["late \udc00", "no"], "due_at": "past", "\ud800": ["?"]}, "x": NaN}'

    result = refusal(422, body)

    assert result.message == "cut \ufffd"
    assert result.errors == {"state": ["late \ufffd", "no"], "due_at": ["past"], "\ufffd": ["?"]}


def test_a_refusal_cut_at_its_greatest_length_has_no_words() -> None:
    assert refusal(422, b'{"message": "no", "errors": {"state": "cu').errors == {}


def test_the_messages_are_bounded_in_number_and_length() -> None:
    errors = {f"field_{i}": ["x" * 2000] * 100 for i in range(200)}

    result = refusal(422, orjson.dumps({"errors": errors, "message": "y" * 2000}))

    assert len(result.errors) == 64
    assert {len(texts) for texts in result.errors.values()} == {16}
    assert len(result.errors["field_0"][0]) == len(result.message) == 500


@settings(max_examples=200)
@given(status=st.integers(400, 499), body=st.binary(max_size=200))
def test_no_refusal_can_be_unreadable(status: int, body: bytes) -> None:
    assert isinstance(READER.read(answer(status, body), 7), SaidNo)
