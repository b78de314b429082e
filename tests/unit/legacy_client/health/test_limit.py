from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from legacy_client.health.limit import AdaptiveLimit
from legacy_client.transport.memory import VirtualClock


def fresh(floor: int = 4, ceiling: int = 64, **more: float) -> tuple[AdaptiveLimit, VirtualClock]:
    clock = VirtualClock(100.0)
    return AdaptiveLimit(floor=floor, ceiling=ceiling, clock=clock, **more), clock


def test_it_starts_at_the_ceiling() -> None:
    limit, _ = fresh()

    assert limit.value == 64


def test_overload_cuts_it_by_a_factor() -> None:
    limit, _ = fresh(ceiling=100)

    limit.record(overloaded=True, seconds=0.1, in_flight=100)

    assert limit.value == 70


def test_a_burst_of_overload_cuts_it_once() -> None:
    limit, _ = fresh(ceiling=100)

    for _ in range(50):
        limit.record(overloaded=True, seconds=0.1, in_flight=100)

    assert limit.value == 70


def test_overload_of_calls_sent_after_the_cut_cuts_it_again() -> None:
    limit, clock = fresh(ceiling=100)
    limit.record(overloaded=True, seconds=0.1, in_flight=100)
    clock.advance(0.2)

    limit.record(overloaded=True, seconds=0.1, in_flight=70)

    assert limit.value == 49


def test_it_never_falls_below_the_floor() -> None:
    limit, clock = fresh(floor=4, ceiling=10)

    for _ in range(20):
        clock.advance(1.0)
        limit.record(overloaded=True, seconds=0.1, in_flight=4)

    assert limit.value == 4


def test_a_round_trip_of_good_calls_raises_it_by_about_one() -> None:
    limit, _ = fresh(ceiling=100)
    limit.record(overloaded=True, seconds=0.1, in_flight=100)

    for _ in range(72):
        limit.record(overloaded=False, seconds=0.1, in_flight=70)

    assert limit.value == 71


def test_it_does_not_grow_while_it_is_not_used() -> None:
    limit, _ = fresh(ceiling=100)
    limit.record(overloaded=True, seconds=0.1, in_flight=100)

    for _ in range(1000):
        limit.record(overloaded=False, seconds=0.1, in_flight=3)

    assert limit.value == 70


def test_a_floor_above_the_ceiling_is_the_ceiling() -> None:
    limit, _ = fresh(floor=8, ceiling=2)

    limit.record(overloaded=True, seconds=0.1, in_flight=2)

    assert limit.value == 2


@settings(max_examples=100)
@given(
    floor=st.integers(1, 20),
    ceiling=st.integers(1, 200),
    ends=st.lists(st.tuples(st.booleans(), st.floats(0, 10), st.floats(0, 5), st.integers(0, 300)), max_size=200),
)
def test_it_is_always_between_its_bounds(floor: int, ceiling: int, ends: list[tuple[bool, float, float, int]]) -> None:
    limit, clock = fresh(floor, ceiling)

    for overloaded, seconds, pause, in_flight in ends:
        clock.advance(pause)
        limit.record(overloaded=overloaded, seconds=seconds, in_flight=in_flight)

        assert min(floor, ceiling) <= limit.value <= ceiling
