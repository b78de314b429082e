from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from legacy_client.transport.sessions.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator


class Thing:
    """Due some seconds from now, or, found to be so only when it is asked, ``then`` seconds later."""

    def __init__(self, seconds: float, then: float | None = None) -> None:
        self.due = time.monotonic() + seconds
        self._then = then
        self.expired = threading.Event()
        self.asked = 0

    def due_at(self) -> float:
        return self.due

    def expire(self) -> bool:
        self.asked += 1
        if self._then is not None:
            self.due, self._then = time.monotonic() + self._then, None
            return False
        self.expired.set()
        return True


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    dog = Watchdog()
    yield dog
    dog.close()


def test_what_is_due_is_expired_once(watchdog: Watchdog) -> None:
    first, second = Thing(0.0), Thing(0.05)

    watchdog.watch(first)
    watchdog.watch(second)

    assert first.expired.wait(30.0)
    assert second.expired.wait(30.0)
    assert (first.asked, second.asked) == (1, 1)


def test_what_comes_due_before_all_others_is_not_overslept(watchdog: Watchdog) -> None:
    watchdog.watch(Thing(3600.0))
    urgent = Thing(0.02)

    watchdog.watch(urgent)

    assert urgent.expired.wait(30.0)


def test_what_becomes_due_earlier_is_noticed_after_a_nudge(watchdog: Watchdog) -> None:
    thing = Thing(3600.0)
    watchdog.watch(thing)

    thing.due = time.monotonic()
    watchdog.nudge()

    assert thing.expired.wait(30.0)


def test_what_is_forgotten_is_left_alone(watchdog: Watchdog) -> None:
    forgotten, witness = Thing(0.05), Thing(0.1)
    watchdog.watch(forgotten)
    watchdog.watch(witness)

    watchdog.forget(forgotten)

    assert witness.expired.wait(30.0)
    assert forgotten.asked == 0


def test_what_turns_out_to_be_due_later_is_expired_then(watchdog: Watchdog) -> None:
    thing = Thing(0.0, then=0.02)

    watchdog.watch(thing)

    assert thing.expired.wait(30.0)
    assert thing.asked == 2


def test_after_close_nothing_is_expired() -> None:
    dog, thing = Watchdog(), Thing(3600.0)
    dog.watch(thing)

    dog.close()
    assert dog._thread is not None
    dog._thread.join(30.0)

    assert not dog._thread.is_alive()
    assert thing.asked == 0
