from __future__ import annotations

import threading
import time

import pytest

from legacy_client.deadline import Deadline
from legacy_client.transport.memory import VirtualClock


def test_the_time_left_runs_down_to_zero_and_not_below() -> None:
    clock = VirtualClock(100.0)
    deadline = Deadline(5.0, clock)

    left = []
    for _ in range(3):
        left.append(deadline.remaining())
        clock.advance(3.0)

    assert left == [5.0, 2.0, 0.0]


def test_it_stops_a_batch_when_its_time_is_over() -> None:
    clock = VirtualClock()
    deadline = Deadline(1.0, clock)

    before, _, after = deadline.stopped(), clock.advance(1.0), deadline.stopped()

    assert (before, after) == (None, "deadline")


def test_the_first_reason_to_cancel_stays() -> None:
    deadline = Deadline(5.0)

    deadline.cancel("client_gone")
    deadline.cancel("shutting_down")

    assert deadline.stopped() == "client_gone"


def test_a_pause_ends_at_once_when_cancelled() -> None:
    deadline = Deadline(60.0)
    waiter = threading.Thread(target=deadline.pause, args=(60.0,))
    waiter.start()

    deadline.cancel("shutting_down")
    waiter.join(timeout=30.0)

    assert not waiter.is_alive()


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_pause_never_outlasts_the_deadline(seconds: float) -> None:
    began = time.monotonic()

    Deadline(0.0).pause(seconds)

    assert time.monotonic() - began < 30.0


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_who_asked_to_be_called_on_cancel_is_called(cancelled_first: bool) -> None:
    deadline, calls = Deadline(5.0), []

    if cancelled_first:
        deadline.cancel("client_gone")
    deadline.on_cancel(lambda: calls.append("called"))
    deadline.cancel("client_gone")

    assert "called" in calls
