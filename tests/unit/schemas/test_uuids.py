"""Lists of UUIDs: what was accepted once is accepted again, and nothing else is."""

from __future__ import annotations

import pytest

from schemas.acceptors import uuids

ONE, TWO = "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a00", "8c0a2f6e-3c7b-4a53-9d8f-0b8f3d2c1a01"


@pytest.mark.parametrize("value", [[ONE], [ONE, TWO], [ONE.upper()], [TWO, ONE.upper()]])
def test_they_are_accepted_in_lower_case_each_time(value: list[str]) -> None:
    accept = uuids(2)

    assert [accept(list(value)) for _ in range(3)] == [[each.lower() for each in value]] * 3


@pytest.mark.parametrize(
    "value",
    [[], [ONE, ONE], [ONE, ONE.upper()], [ONE, TWO, ONE], [ONE, "x"], [ONE, None], [ONE, 1], [[]], [{}], ONE, None, {}],
)
def test_what_is_refused_is_refused_after_they_were_accepted_too(value: object) -> None:
    accept = uuids(2)
    before = accept(value)
    accept([ONE, TWO])

    assert (before, accept(value)) == (None, None)


def test_no_more_than_some_thousands_are_kept() -> None:
    kept: set[str] = set()
    accept = uuids(10_000, kept)
    many = [f"8c0a2f6e-3c7b-4a53-9d8f-{number:012x}" for number in range(9_000)]

    assert accept(many) == many
    for number in range(0, 9_000, 100):
        assert accept(many[number : number + 100]) == many[number : number + 100]
    assert 0 < len(kept) <= 4_096
