"""Timestamps against the reference, over whole neighbourhoods of valid ones: ``fromisoformat`` takes many other forms."""

from __future__ import annotations

import itertools
import string

import pytest

from schemas.fields import Timestamp
from tests.unit.schemas import reference

_accept = Timestamp().accept
_CHARACTERS = string.printable + "٣１é\ud800\U0001f600"
_VALID = "2024-01-10 06:51:15"


def assert_same(text: str) -> None:
    assert (_accept(text) is not None) == reference.is_timestamp(text), repr(text)


@pytest.mark.parametrize("position", range(len(_VALID) + 1))
def test_any_character_at_any_place(position: int) -> None:
    for character in _CHARACTERS:
        assert_same(_VALID[:position] + character + _VALID[position + 1 :])
        assert_same(_VALID[:position] + character + _VALID[position:])


@pytest.mark.parametrize("position", [0, 2, 5, 8, 11, 14, 17])
def test_any_two_characters_in_any_part(position: int) -> None:
    for pair in itertools.product(string.digits + string.punctuation + " WTZ", repeat=2):
        assert_same(_VALID[:position] + "".join(pair) + _VALID[position + 2 :])


@pytest.mark.parametrize("year", [1, 4, 100, 400, 1900, 2000, 2023, 2024, 9999])
def test_every_month_and_day(year: int) -> None:
    for month, day in itertools.product(range(14), range(33)):
        assert_same(f"{year:04}-{month:02}-{day:02} 06:51:15")


@pytest.mark.parametrize("cut", range(19))
def test_shorter_texts_are_refused(cut: int) -> None:
    assert _accept(_VALID[:cut]) is None


def test_a_time_that_came_before_is_taken_again_and_no_other() -> None:
    field = Timestamp()
    assert [field.accept(_VALID) for _ in range(2)] == [_VALID, _VALID]
    for other in (["2024-01-10 06:51:15"], {"a": 1}, 20240110065115, None, _VALID + " "):
        assert field.accept(other) is None


def test_more_times_than_are_remembered_are_all_taken() -> None:
    field = Timestamp()
    times = [
        f"2024-01-{day:02} {hour:02}:{minute:02}:00"
        for day in (1, 2, 3, 4)
        for hour in range(24)
        for minute in range(60)
    ]
    assert [field.accept(time) for time in times + times[:10]] == times + times[:10]
