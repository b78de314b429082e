"""A text that holds too much is told before it is parsed, and what stands in strings is not counted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api import json_size
from gateway.api.json_size import JsonSize, at_most, has_more_brackets, is_larger, is_too_short_for_more

MANY = 10**9


def larger(body: bytes, values: int = MANY, containers: int = MANY, names: int = MANY) -> bool:
    return is_larger(body, JsonSize(values, containers, names), lambda: None)


@pytest.mark.parametrize(
    ("body", "values", "containers", "names"),
    [
        (b"1", 1, 0, 0),
        (b"[1]", 2, 1, 0),
        (b"[[[1]]]", 4, 3, 0),
        (b'{"a": 1, "b": [2, {"c": null}]}', 6, 3, 3),
        (b'{"a" : "[{,,,:::", "b,,": 1}', 3, 1, 2),
        (rb'["\",\\", ",\\\"[", "\\\\"]', 4, 1, 0),
        (b"[" + b"1," * 99 + b"1]", 101, 1, 0),
        (b'{"data":[' + b"[1]," * 99 + b"[1]]}", 202, 102, 1),
    ],
)
def test_each_kind_is_counted_and_a_string_is_one_value(body: bytes, values: int, containers: int, names: int) -> None:
    assert not larger(body, values, containers, names)
    assert larger(body, values=values - 1)
    assert larger(body, containers=containers - 1)
    assert larger(body, names=names - 1)


def test_an_empty_array_or_object_may_count_as_two_values() -> None:
    assert larger(b"[[], {}]", values=4)
    assert not larger(b"[[], {}]", values=5)


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64])
@given(text=st.text(alphabet='\\",[{a:}é', max_size=30), count=st.integers(0, 5))
def test_strings_are_left_out_wherever_a_piece_of_the_text_ends(piece: int, text: str, count: int) -> None:
    body = json.dumps([text] * count + [{"é" + text: text}], ensure_ascii=False).encode()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_size, "_PIECE", piece)
        assert not larger(body, count + 3, 2, 1)
        assert larger(body, values=count + 2)
        assert larger(body, containers=1)
        assert larger(body, names=0)


def test_a_text_of_commas_is_read_whole_and_lets_others_run() -> None:
    paused: list[None] = []

    assert not is_larger(b'["' + b"," * 1_000_000 + b'"]', JsonSize(10, 10, 10), lambda: paused.append(None))
    assert len(paused) >= 15


@pytest.mark.parametrize(("size", "pauses"), [(1_000, 0), (1_048_576, 1), (5_000_000, 5)])
def test_a_text_with_few_marks_is_passed_over_once_in_large_pieces(size: int, pauses: int) -> None:
    paused: list[None] = []

    body = b'["' + b"," * 1_000 + b" " * (size - 1_004) + b'"]'

    assert at_most(body, 0, lambda: paused.append(None)) == JsonSize(1_002, 1, 0)
    assert len(paused) == pauses


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"a":1,"b":{"c":"12:30"}}', 3),
        (b'{"a" :1,"b":2}', 2),
        (b'{"a"\t:1,"b":"12:30"}', 3),
        (b'{"a":1,"a":2}', 2),
        (b'{"a":"\\":"}', 2),
    ],
)
def test_names_are_never_more_than_the_upper_bound(body: bytes, names: int) -> None:
    assert at_most(body, 0, lambda: None).names == names


def test_names_are_not_counted_where_colons_are_fewer_than_names_may_be() -> None:
    body = b'{"a":1,"b":"12:30"}'

    assert at_most(body, 4, lambda: None).names == 4
    assert at_most(body, 3, lambda: None).names == 3
    assert at_most(body, 2, lambda: None).names == 2


@pytest.mark.parametrize(
    ("size", "most", "is_too_short"),
    [
        (7, JsonSize(7, 7, 1), True),
        (8, JsonSize(7, 8, 2), False),
        (8, JsonSize(8, 7, 2), False),
        (8, JsonSize(8, 8, 1), False),
    ],
)
def test_a_text_is_too_short_where_its_bytes_are_fewer_than_what_may_be(
    size: int, most: JsonSize, *, is_too_short: bool
) -> None:
    assert is_too_short_for_more(size, most) == is_too_short


@pytest.mark.parametrize("body", [b"1", b"[1]", b"[[[[]]]]", b"[1,1,1,1]", b'{"":1}', b'{"":{"":[{}]}}', b"[{},{},{}]"])
def test_no_text_that_is_too_short_holds_more(body: bytes) -> None:
    size = len(body)

    assert is_too_short_for_more(size, JsonSize(size, size, size // 4))
    assert not larger(body, size, size, size // 4)


@pytest.mark.parametrize(
    ("body", "most", "has_more"),
    [
        (b"1", 0, False),
        (b"[", 0, True),
        (b"{[", 2, False),
        (b"{[", 1, True),
        (b'{"a":"{["}', 3, False),
        (b'{"a":"{["}', 2, True),
        (b"[" * 40, 32, True),
    ],
)
def test_brackets_are_told_from_few(body: bytes, most: int, *, has_more: bool) -> None:
    assert has_more_brackets(body, most) == has_more
