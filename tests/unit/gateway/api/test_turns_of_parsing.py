"""However large a body is, whoever parses it gives the loop back between bounded pieces of work."""

from __future__ import annotations

import json

import pytest

from gateway.api import exact_json, strict_json
from gateway.api.exact_json import InvalidJson
from gateway.api.json_size import JsonSize
from gateway.api.strict_json import TooLarge

COUNT = 200_000
MOST = JsonSize(COUNT, COUNT, COUNT)


def pauses(body: bytes) -> int:
    paused: list[None] = []
    strict_json.parse(body, MOST, lambda: paused.append(None))
    return len(paused)


@pytest.mark.parametrize(
    "unit", [b"[]", b"{}", b"1", b"1.5", b'""', b'{"a" :1}', b"[" * 30 + b"]" * 30, b'{"x":{"y" : 1.5}}']
)
def test_a_body_with_more_values_than_allowed_is_not_parsed(unit: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json.orjson, "loads", lambda _: pytest.fail("it was parsed"))

    with pytest.raises(TooLarge):
        strict_json.parse(b'{"data":[' + b",".join([unit] * COUNT) + b"]}", MOST, lambda: None)


@pytest.mark.parametrize(
    ("body", "least"),
    [
        # In doubt, each 256 tokens of the exact parse.
        (b'[{"a": 1},' + b"1.5," * 99_999 + b"1.5]", 380),
        (b"{" + b",".join(b'"n%d" :":"' % number for number in range(50_000)) + b"}", 380),
        # Without doubt, each 4,096 values of a level.
        (b'[{"a": 1},' + b"{}," * 49_999 + b"{}]", 12),
    ],
)
def test_others_may_run_after_so_many_values(body: bytes, least: int) -> None:
    assert pauses(body) >= least


def test_a_duplicate_is_found_in_the_order_of_the_text_and_ends_the_parse() -> None:
    paused: list[None] = []
    body = b'[{"a":1,"a":2},' + b'{"b":1},' * 50_000 + b"1]"

    with pytest.raises(InvalidJson, match='"a" appears twice'):
        exact_json.parse_exactly(body, lambda: paused.append(None))
    assert len(paused) == 1


def test_others_may_run_within_a_string_of_many_quotes() -> None:
    paused: list[None] = []
    text = '"\\' * 10_000

    assert exact_json.parse_exactly(json.dumps([text]).encode(), lambda: paused.append(None)) == [text]
    assert len(paused) >= 10_000


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        10**30,
        -(10**30),
        1.5,
        -2.5e-300,
        True,
        False,
        None,
        "",
        'a"\\b',
        "a\\",
        '\\"',
        [],
        {},
        [[{}]],
        {"": {"": [1]}},
    ],
)
def test_the_exact_parse_gives_what_the_text_says(value: object) -> None:
    body = json.dumps({"a": [value, value], "b": value}, indent=3)

    parsed = exact_json.parse_exactly(body.encode(), lambda: None)

    assert json.dumps(parsed, indent=3) == body
