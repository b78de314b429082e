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
from legacy_client.sending.documents import UNREADABLE
from legacy_client.sending.reading import is_readable, refusal, retry_after
from legacy_client.transport.memory import answer
from tests.doubles.core_parts import some_reader

NOW = 1_800_000_000.0
READER = some_reader(atomic_errors=False, max_answer_bytes=10_000, wall_clock=lambda: NOW)
ACTION = {"id": 7, "state": 2}
BODY = orjson.dumps({"data": ACTION})


@pytest.mark.parametrize("status", [200, 201])
def test_the_action_of_a_success_is_returned(status: int) -> None:
    assert READER.read(answer(status, BODY), 7) == ACTION


@pytest.mark.parametrize("response", [answer(202, BODY), answer(202), answer(204), answer(200), answer(201)], ids=repr)
def test_a_success_without_a_body_is_an_empty_action(response: object) -> None:
    assert READER.read(response, 7) == {}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.core.v1+json",
        "application/vnd.core.v1+json; v=1",
        "",
        " ",
        ", ",
    ],
)
def test_json_may_be_labelled_in_many_ways(content_type: str) -> None:
    assert READER.read(answer(200, BODY, Content_Type=content_type), 7) == ACTION


@pytest.mark.parametrize(
    "content_type", ["text/html", "text/json", "application/xml", "text/x+json", "json", "text/html, "]
)
def test_another_content_type_is_a_bad_answer(content_type: str) -> None:
    assert isinstance(READER.read(answer(200, BODY, Content_Type=content_type), 7), BadAnswer)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>sign in</html>",
        b'{"data": {"id": 7}',
        b"null",
        b"7",
        b"[]",
        b'"data"',
        b"{}",
        b'{"data": null}',
        b'{"data": []}',
        b'{"data": [{"id": 7}]}',
        b'{"data": {}}',
        b'{"data": {"id": 8}}',
        b'{"data": {"id": "8"}}',
        b'{"data": {"id": " 7"}}',
        b'{"data": {"id": "7.0"}}',
        b'{"data": {"id": 7.5}}',
        b'{"data": {"id": 8.0}}',
        b'{"data": {"id": -7.0}}',
        b'{"data": {"id": null}}',
        b'{"id": 7}',
        b'{"data": {"id": NaN}}',
        b"\xff\xfe",
        b"[" * 5000,
        b" ",
        orjson.dumps({"data": {"id": 7, "x": "y" * 10_000}}),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_no_answer_about_this_action_is_a_bad_answer(body: bytes) -> None:
    assert isinstance(READER.read(answer(200, body), 7), BadAnswer)


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (answer(200, BODY), 0),
        (answer(204), 0),
        (answer(500, b"<html>"), 0),
        (answer(422, b"<html>"), 0),
        (answer(200, b"<html>Log in</html>", Content_Type="text/html"), 1),
        (answer(200, b"<html>Log in</html>"), 1),
        (answer(200, b'{"ok": false}'), 1),
        (answer(200, b'{"data": {"id": 8}}'), 1),
        (answer(200, b'{"data": {"id": 7}}' + b" " * 10_000), 1),
    ],
    ids=repr,
)
def test_each_success_that_cannot_be_read_is_told(response: object, told: int) -> None:
    heard: list[None] = []
    reader = some_reader(atomic_errors=False, max_answer_bytes=10_000, misread=lambda: heard.append(None))

    reader.read(response, 7)

    assert len(heard) == told


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


@pytest.mark.parametrize("types", ["application/json, application/json", "application/json,text/html; charset=utf-8"])
def test_a_content_type_that_came_twice_is_read_as_both(types: str) -> None:
    assert READER.read(answer(200, BODY, Content_Type=types), 7) == ACTION


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8-sig", "application/json"),
        ("utf-8-sig", "application/json; charset=UTF-8"),
        ("latin-1", "application/json; charset=iso-8859-1"),
        ("latin-1", 'application/json;charset="ISO-8859-1"'),
        ("cp1252", "application/json; charset=windows-1252"),
        *(
            (name, f"application/json; charset={name}")
            for name in ("latin1", "l1", "ISO_8859-1", "CP1252", "ISO_8859-15")
        ),
        *(
            (name, f"application/json; charset={name}")
            for name in ("UTF8", "utf_16", "UTF-16BE", "UTF-32", "ISO8859-15")
        ),
        ("utf-16", "application/json; charset=utf-16"),
    ],
)
def test_a_body_is_read_in_its_own_charset_and_without_its_byte_order_mark(encoding: str, content_type: str) -> None:
    body = '{"data": {"id": 7, "title_fr": "Congé"}}'.encode(encoding)
    refused = '{"message": "Congé clos."}'.encode(encoding)

    assert READER.read(answer(200, body, Content_Type=content_type), 7) == {"id": 7, "title_fr": "Congé"}
    said = READER.read(answer(422, refused, Content_Type=content_type), 7)
    assert isinstance(said, Rejected)
    assert said.message == "Congé clos."


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("utf-7", b'+AHs-"data": {"id": 7}}'),
        ("unicode_escape", b'\\x7b"data": {"id": 7}}'),
        ("rot13", b'{"qngn": {"vq": 7}}'),
    ],
)
def test_no_codec_is_asked_that_is_no_charset(charset: str, body: bytes) -> None:
    assert isinstance(READER.read(answer(200, body, Content_Type=f"application/json; charset={charset}"), 7), BadAnswer)


@pytest.mark.parametrize("charset", ["no-such", "utf-8", "utf-16", "utf-32"])
def test_text_that_is_in_no_charset_takes_nothing_else_with_it(charset: str) -> None:
    body = b'{"data": {"id": 7, "state": 2, "x": "\xe9"}}'

    result = READER.read(answer(200, body, Content_Type=f"application/json; charset={charset}"), 7)

    assert result == {"id": 7, "state": 2, "x": UNREADABLE}


@pytest.mark.parametrize(
    "broken",
    [
        rb'"cut \ud83d"',
        rb'"\udc00 first"',
        b'"cut \xf0\x9f"',
        b"1e400",
        b"-1e400",
        b"NaN",
        b"-Infinity",
        b"1" * 30 + b', "y": NaN',
        b"1" * 5000,
        b'-9223372036854775809, "y": NaN',
        b"[" * 1100 + b"]" * 1100,
        b'{"a":' * 1100 + b"1" + b"}" * 1100,
        b'["}]\\"", ' + b"[" * 1100 + b"]" * 1100 + b', "[{"]',
    ],
    ids=lambda broken: repr(broken[:30]),
)
def test_a_value_that_is_broken_takes_nothing_else_with_it(broken: bytes) -> None:
    heard: list[None] = []
    reader = some_reader(misread=lambda: heard.append(None))

    result = reader.read(answer(200, b'{"data": {"title_en": "A [", "x": %b, "state": 2, "id": 7}}' % broken), 7)

    assert isinstance(result, dict)
    assert {name: result[name] for name in ("id", "title_en", "state")} == {"id": 7, "title_en": "A [", "state": 2}
    assert not heard
    with pytest.raises(TypeError, match="not JSON serializable"):
        orjson.dumps(result["x"])


def test_a_raw_control_character_is_part_of_its_text() -> None:
    assert READER.read(answer(200, b'{"data": {"id": 7, "x": "a\tb\x01"}}'), 7) == {"id": 7, "x": "a\tb\x01"}


def test_a_broken_value_is_found_however_deep_a_field_stands() -> None:
    body = rb'{"data": {"id": 7, "input_fields": [{"options": [{"label": "\ud800", "value": "a"}]}]}}'

    found = {"options": [{"label": UNREADABLE, "value": "a"}]}
    assert READER.read(answer(200, body), 7) == {"id": 7, "input_fields": [found]}


def test_a_broken_answer_in_another_charset_is_read_in_it() -> None:
    body = rb'{"data": {"id": 7, "title_fr": "Cong\u00e9 \ud83d", "title_en": "%b"}}'
    labelled = "application/json; charset=iso-8859-1"

    for encoding in ("latin-1", "utf-8"):
        response = answer(200, body % "é".encode(encoding), Content_Type=labelled)
        assert READER.read(response, 7) == {"id": 7, "title_fr": UNREADABLE, "title_en": "é"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": {"id": 7, "x": NaN,}}',
        b'{"data": {"id": 7, "x": NaN}',
        b'{"data": {"id": 7, "x": NaN}} {}',
        b'{"data": {"id": 7, "x": ' + b"[" * 1100,
        b'{"data": {"id": 7, "x": ' + b"[" * 1100 + b'"' + b'\\"' * 4000,
        b'{"data": {"id": 7, "x": ' + b"[" * 1100 + b"]" * 5000,
        b'{"data": {"id": "7\xff"}}',
        rb'{"data": {"id": "7\ud83d"}}',
        b'{"data": {"id": 8, "x": NaN}}',
        b'{"data": {"id": 1e400}}',
        b'{"data": {"id": 7, "x": [NaN' + b", 1" * 1_000_000 + b"]}}",
    ],
    ids=lambda body: repr(body[-30:]),
)
def test_a_broken_answer_about_nobody_is_a_bad_answer(body: bytes) -> None:
    reader = some_reader(max_answer_bytes=10_000_000)

    assert isinstance(reader.read(answer(200, body), 7), BadAnswer)


def test_an_answer_with_a_broken_value_closes_the_circuit() -> None:
    assert is_readable(answer(200, rb'{"data": {"id": 7, "x": "\ud83d"}}'))
    assert not is_readable(answer(200, rb'{"error": "\ud83d"}'))


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


@settings(max_examples=300)
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


@settings(max_examples=300)
@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "id", "x"]), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_a_success_is_an_object_about_this_action_and_nothing_else(data: object) -> None:
    result = READER.read(answer(200, orjson.dumps(data)), 7)

    is_action = isinstance(data, dict) and isinstance(data.get("data"), dict) and data["data"].get("id") == 7
    assert isinstance(result, dict) is is_action
