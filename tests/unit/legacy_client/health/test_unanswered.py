from __future__ import annotations

import pytest

from legacy_client.health.unanswered import UnansweredTime
from legacy_client.transport.memory import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1000.0)


@pytest.fixture
def silence(clock: VirtualClock) -> UnansweredTime:
    return UnansweredTime(5.0, clock)


def test_calls_one_after_another_are_one_silence(silence: UnansweredTime, clock: VirtualClock) -> None:
    lasted = []
    for _ in range(4):
        clock.advance(1.5)
        lasted.append(silence.note(0, 1.5))

    assert lasted == [False, False, False, True]


def test_calls_beside_each_other_count_once(silence: UnansweredTime) -> None:
    assert [silence.note(0, 1.0) for _ in range(10)] == [False] * 10


def test_calls_that_overlap_count_once_where_they_do(silence: UnansweredTime, clock: VirtualClock) -> None:
    silence.note(0, 3.0)
    clock.advance(1.0)
    assert not silence.note(0, 3.0)

    clock.advance(1.0)
    assert silence.note(0, 3.0)


def test_an_answer_ends_it(silence: UnansweredTime, clock: VirtualClock) -> None:
    silence.note(0, 4.0)
    clock.advance(4.0)

    assert not silence.note(1, 4.0)
    clock.advance(4.0)
    assert not silence.note(1, 4.0)
    clock.advance(4.0)
    assert silence.note(1, 4.0)


def test_time_in_which_nobody_asked_is_no_silence(silence: UnansweredTime, clock: VirtualClock) -> None:
    silence.note(0, 4.0)
    clock.advance(3.0)

    assert not silence.note(0, 0.5)


def test_after_a_pause_as_long_as_an_attempt_it_begins_anew(silence: UnansweredTime, clock: VirtualClock) -> None:
    silence.note(0, 4.0)
    clock.advance(10.0)

    assert not silence.note(0, 4.0)
