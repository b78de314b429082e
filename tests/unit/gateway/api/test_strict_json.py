"""JSON is parsed strictly (RFC 8259, I-JSON RFC 7493)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api import strict_json
from gateway.api.exact_json import InvalidJson
from gateway.api.json_size import JsonSize
from gateway.api.strict_json import MAX_DEPTH


def parse(body: bytes) -> object:
    return strict_json.parse(body, JsonSize(1_000_000, 1_000_000, 1_000_000), lambda: None)


REFUSED = {
    "nothing": b"",
    "white space": b"  ",
    "cut short": b'{"data": [',
    "trailing bytes": b"{} {}",
    "trailing comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "a comment": b"{} // note",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "-Infinity": b'{"a": -Infinity}',
    "a float past all bounds": b'{"a": 1e400}',
    "an integer of 5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a leading zero": b'{"a": 01}',
    "a plus sign": b'{"a": +1}',
    "hexadecimal": b'{"a": 0x1}',
    "a lone high surrogate": rb'{"a": "\ud800"}',
    "a lone low surrogate": rb'{"a": "\udc00"}',
    "surrogates in the wrong order": rb'{"a": "\udc00\ud800"}',
    "a surrogate in a name": rb'{"\ud800": 1}',
    "invalid UTF-8": b'{"a": "\xff"}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "a raw control character": b'{"a": "\x01"}',
    "a raw line break in a string": b'{"a": "\n"}',
    "an invalid escape": rb'{"a": "\x41"}',
    "a short unicode escape": rb'{"a": "\u12"}',
    "a duplicate name": b'{"a": 1, "a": 2}',
    "a duplicate name in an item": b'{"data": [{"actionId": "1", "actionId": "2"}]}',
    "a duplicate name spelt with an escape": rb'{"a": 1, "\u0061": 2}',
    "a duplicate name with white space": b'{"a" : 1, "a"\n: 2}',
    "a duplicate beside colons in strings": b'{"a": "1:2", "b": {"c": 1, "c": ":"}}',
    "a duplicate beside an escaped quote": rb'{"a": "\":", "b": 1, "b": "\\"}',
    "a duplicate empty name": b'{"": 1, "": 2}',
    "nested one too deep": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "nested in objects": b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
    "nested without end": b"[" * 100_000,
    "nested 2,000 deep": b"[" * 2000 + b"]" * 2000,
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_json_does_not_allow_is_refused(body):
    with pytest.raises(InvalidJson) as caught:
        parse(body)

    assert str(caught.value).endswith(".")


def test_the_duplicate_is_named():
    with pytest.raises(InvalidJson, match='"due_date" appears twice'):
        parse(b'{"data": [{"due_date": 1, "due_date": 2}]}')


def test_a_syntax_error_says_where():
    with pytest.raises(InvalidJson, match="line 2, column"):
        parse(b'{"a": 1,\n oops}')


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"a" 1}', "Unexpected character, expected ':' after key at line 1, column 6"),
        (b'{"a":\n}', "Unexpected character, expected a JSON value at line 2, column 1"),
        (b'{"a": [1,]}', "Trailing comma is not allowed at line 1, column 9"),
    ],
)
def test_what_the_parser_says_is_told_whole(body, told):
    with pytest.raises(InvalidJson) as caught:
        parse(body)

    assert str(caught.value) == f"Not valid JSON: {told}."


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"a": 1,\n "b": 2,\n "c": "\xff"}', "Not UTF-8 at line 3, column 8"),
        ('{"é": 1,\n "ñé'.encode() + b'\xe9"}', "Not UTF-8 at line 2, column 5"),
        ('{"a": "é"}'.encode()[:-3], "A character is cut off at line 1, column 8"),
        (b'{"a": "\xed\xa0\x80"}', "Not UTF-8 at line 1, column 8"),
    ],
)
def test_bytes_that_are_not_utf_8_are_told_where_they_stand(body, place):
    with pytest.raises(InvalidJson) as caught:
        parse(body)

    assert str(caught.value) == f"Not valid JSON: {place}."


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-32-le", "UTF-32"),
        ("utf-32-be", "UTF-32"),
    ],
)
def test_another_encoding_is_named(encoding, named):
    with pytest.raises(InvalidJson) as caught:
        parse('{"data": []}'.encode(encoding))

    assert str(caught.value) == f"The body must be UTF-8, not {named}."


def test_a_byte_order_mark_is_named():
    with pytest.raises(InvalidJson, match="byte order mark"):
        parse(b'\xef\xbb\xbf{"data": []}')


ACCEPTED = {
    "the deepest nesting": (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH),
    "brackets in strings": b'{"a": "[[[[{{{{", "b": "]]"}',
    "an escaped NUL": rb'{"a": "\u0000"}',
    "a surrogate pair": rb'{"a": "\ud83d\ude00"}',
    "an integer of twenty digits": b'{"a": 99999999999999999999}',
    "a float": b'{"a": 1.5, "b": -0.0}',
    "escaped quotes and colons": rb'{"a\"": "\\\":", "b": "\u003a"}',
    "the same name in two objects": b'[{"a": 1}, {"a": 2}]',
    "white space around": b' \r\n\t{"a" : 1 } \n',
    "a bare string": b'"x"',
}


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_json_allows_is_parsed_as_the_standard_library_does(body):
    assert parse(body) == json.loads(body)


LONG = ["x" * 10_000]
TOO_DEEP = b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1)
"""One level too deep where it stands in two others."""


def compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b'{"a":1,"a":2}', "appears twice"),
        (b'{"a":{"b":1,"b":1}}', "appears twice"),
        (b'{"a":' + TOO_DEEP + b"}", "Nested deeper than 32 levels"),
        # Brackets in strings make it look shallow to who counts them.
        (b'["]","]",' + TOO_DEEP + b',"[","["]', "Nested deeper than 32 levels"),
    ],
)
def test_a_long_compact_text_is_refused_as_a_short_one(body: bytes, refused: str) -> None:
    with pytest.raises(InvalidJson, match=refused):
        parse(b"[" + compact(LONG)[1:-1] + b"," + body + b"]")


@pytest.mark.parametrize("text", [b"99999999999999999999", b"1.50", b"1E2", rb'"\/"', b"123456789.123456789123"])
def test_what_a_long_text_says_is_parsed_to_the_last_digit(text: bytes) -> None:
    body = b"[" + compact(LONG)[1:-1] + b"," + text + b"]"

    assert parse(body) == json.loads(body)


def test_of_a_long_compact_text_no_value_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "_size_of", lambda *_: pytest.fail("each value was looked at"))
    deepest: object = 1
    for _ in range(MAX_DEPTH - 1):
        deepest = [deepest]
    value = [*LONG, {"é": '\n"', "b": [1.5, -7, None, True, {}]}, deepest]

    assert parse(compact(value)) == value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=5), children, max_size=4),
    max_leaves=20,
)


@given(json_values, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]))
def test_any_document_comes_back_whole(value, ascii_only, separators):
    body = json.dumps(value, ensure_ascii=ascii_only, separators=separators)

    assert parse(body.encode()) == value


@given(json_values)
def test_any_long_document_comes_back_whole(value):
    assert parse(compact([LONG, value])) == [LONG, value]


@given(st.dictionaries(st.text(max_size=5), json_values, min_size=1, max_size=4), st.data())
def test_any_repeated_name_of_a_long_text_is_refused(members, data):
    name = data.draw(st.sampled_from(sorted(members)))
    repeated = compact(members)[:-1] + b"," + compact({name: data.draw(json_values)})[1:]

    with pytest.raises(InvalidJson, match="appears twice"):
        parse(b"[" + compact(LONG)[1:-1] + b"," + repeated + b"]")


@given(st.dictionaries(st.text(max_size=5), json_values, min_size=1, max_size=4), st.data())
def test_any_repeated_name_is_refused(members, data):
    name = data.draw(st.sampled_from(sorted(members)))
    repeated = json.dumps(members)[:-1] + "," + json.dumps({name: data.draw(json_values)})[1:]

    with pytest.raises(InvalidJson, match="appears twice"):
        parse(repeated.encode())
