"""A slice of work ends only after it has lasted long enough."""

from __future__ import annotations

import pytest

from gateway.admission.slices import Slices
from tests.doubles.clocks import FakeClock


@pytest.mark.parametrize(("seconds", "given"), [(0.0, 0), (0.0019, 0), (0.002, 1), (5.0, 1)])
def test_a_slice_is_ended_when_it_has_lasted_its_time(seconds: float, given: int) -> None:
    clock, yields = FakeClock(now=0.0), list[float]()
    slices = Slices(lambda: yields.append(clock()), seconds=0.002, clock=clock)

    clock.advance(seconds)
    slices.let_others_run()

    assert len(yields) == given


def test_the_next_slice_begins_when_the_others_have_run() -> None:
    clock, yields = FakeClock(now=0.0), list[float]()

    def others_run() -> None:
        yields.append(clock())
        clock.advance(1.0)

    slices = Slices(others_run, seconds=0.5, clock=clock)
    for _ in range(10):
        clock.advance(0.25)
        slices.let_others_run()

    assert len(yields) == 5
