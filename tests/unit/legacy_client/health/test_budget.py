from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from legacy_client.transport.memory import VirtualClock
from tests.doubles.core_parts import some_budget


def test_retries_are_a_share_of_the_calls() -> None:
    budget = some_budget(ratio=0.1, floor=0)
    budget.add_calls(100)

    assert [budget.take(7), budget.take(7), budget.take(7)] == [7, 3, 0]


def test_some_retries_are_granted_whatever_the_share() -> None:
    budget = some_budget(ratio=0.1, floor=3)
    budget.add_calls(1)

    assert [budget.take(2), budget.take(2), budget.take(2)] == [2, 1, 0]


def test_what_was_spent_is_forgotten_with_the_window() -> None:
    clock = VirtualClock()
    budget = some_budget(floor=3, window_seconds=10.0, clock=clock)
    before = budget.take(3)
    clock.advance(10.0)

    assert (before, budget.take(3)) == (3, 3)


def test_calls_earn_nothing_when_they_are_older_than_the_window() -> None:
    clock = VirtualClock()
    budget = some_budget(ratio=0.5, floor=1, window_seconds=10.0, clock=clock)
    budget.add_calls(100)
    clock.advance(10.0)

    assert budget.take(50) == 1


def test_all_granted_retries_are_counted() -> None:
    budget = some_budget(ratio=0.1, floor=3)
    budget.take(2)
    budget.take(5)

    assert budget.retries == 3


@settings(max_examples=100)
@given(
    ratio=st.floats(0, 1),
    floor=st.integers(0, 5),
    steps=st.lists(st.tuples(st.floats(0, 4), st.integers(0, 50), st.integers(0, 50)), max_size=60),
)
def test_in_no_window_are_there_more_retries_than_the_budget(
    ratio: float, floor: int, steps: list[tuple[float, int, int]]
) -> None:
    clock = VirtualClock()
    budget = some_budget(ratio=ratio, floor=floor, window_seconds=10.0, clock=clock)
    events: list[tuple[float, int, int]] = []

    for pause, calls, wanted in steps:
        clock.advance(pause)
        budget.add_calls(calls)
        granted = budget.take(wanted)
        events.append((clock(), calls, granted))

        window = [event for event in events if event[0] > clock() - 10.0]
        assert 0 <= granted <= wanted
        assert granted == 0 or sum(e[2] for e in window) <= max(floor, ratio * sum(e[1] for e in window))
