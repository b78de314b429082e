"""The slots at one socket: from nine tenths on they are kept for requests."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack

import pytest

from gateway.serving.slots import Slots


class Resting:
    """A connection that has rested for some seconds; one at work rests at no time."""

    def __init__(self, seconds: float = -math.inf) -> None:
        self.resting_since = time.monotonic() - seconds
        self.is_gone = False

    def let_go(self) -> None:
        self.is_gone = math.isfinite(self.resting_since)


@pytest.fixture
def slots():
    return Slots(10)


@pytest.fixture
def fill(slots):
    """Takes a place for each of these connections; None stands for a handshake."""
    with ExitStack() as taken:

        def fill(*connections):
            for connection in connections:
                taken.enter_context(slots.taken())
                if connection:
                    taken.enter_context(slots.held_by(connection))

        yield fill


def test_places_are_few_from_nine_tenths_on(slots, fill):
    fill(*[None] * 8)
    assert not slots.are_crowded()

    fill(None)
    assert slots.are_crowded()


def test_a_place_that_was_left_counts_no_more(slots):
    with ExitStack() as taken:
        for _ in range(9):
            taken.enter_context(slots.taken())

    assert not slots.are_crowded()


def test_while_there_are_enough_nobody_goes(slots, fill):
    oldest = Resting(9)
    fill(oldest, *[Resting(1) for _ in range(8)])

    assert not oldest.is_gone


def test_who_comes_when_there_are_few_takes_the_place_of_the_one_that_rested_longest(slots, fill):
    younger, oldest = Resting(8), Resting(9)
    fill(younger, oldest, Resting(), *[None] * 6)
    fill(None)

    assert (younger.is_gone, oldest.is_gone) == (False, True)


def test_who_goes_back_to_rest_when_there_are_few_takes_a_place_too(slots, fill):
    oldest = Resting(9)
    fill(oldest, *[None] * 8)

    slots.free_a_slot()

    assert oldest.is_gone


@pytest.mark.parametrize("others", [None, Resting()], ids=["handshakes", "at-work"])
def test_where_nobody_rests_nobody_goes(fill, others):
    fill(*[others] * 10)

    assert not (others and others.is_gone)


def test_at_the_end_all_go_that_have_rested_long_enough(slots, fill):
    long, short, busy = Resting(2), Resting(0), Resting()
    fill(long, short, busy)

    slots.let_go(1.0)

    assert [one.is_gone for one in (long, short, busy)] == [True, False, False]
