from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legacy_client.errors import (
    BadAnswer,
    Rejected,
)
from legacy_client.sending.documents import UNREADABLE
from legacy_client.sending.reading import is_readable
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
    reader = some_reader(atomic_errors=False, max_answer_bytes=10_000, misread=heard.append)

    reader.read(response, 7)

    assert len(heard) == told


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
    reader = some_reader(misread=heard.append)

    result = reader.read(answer(200, b'{"data": {"title_en": "A [", "x": %b, "state": 2, "id": 7}}' % broken), 7)

    assert isinstance(result, dict)
    assert {name: result[name] for name in ("id", "title_en", "state")} == {"id": 7, "title_en": "A [", "state": 2}
    assert not heard
    with pytest.raises(TypeError, match="not JSON serializable"):
        orjson.dumps(result["x"])


def test_what_stands_in_a_text_does_not_count_as_values_beside_a_broken_one() -> None:
    reader = some_reader(max_answer_bytes=100_000)
    details = b",[{" * 10_000 + rb"\",\\"

    result = reader.read(answer(200, rb'{"data": {"id": 7, "details_en": "%b", "title_en": "x \ud83d"}}' % details), 7)

    assert result == {"id": 7, "details_en": ",[{" * 10_000 + '",\\', "title_en": UNREADABLE}


@pytest.mark.parametrize(("size", "is_read"), [(262_000, True), (263_000, False)])
def test_a_broken_answer_is_read_if_it_keeps_the_event_loop_for_a_moment_only(size: int, *, is_read: bool) -> None:
    reader = some_reader(max_answer_bytes=1_000_000)
    result = reader.read(answer(200, b'{"data": {"id": 7, "x": NaN, "title_en": "%b"}}' % (b"a" * size)), 7)

    assert isinstance(result, dict) is is_read
    assert isinstance(result, BadAnswer) is not is_read


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
