"""How often the engine looks at its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import pytest

from legacy_client.transport.hub.ticks import Ticks
from tests.doubles.core_parts import some_limits
from tests.unit.legacy_client.transport.hub.rig import rig, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.doubles.fake_core import FakeCore


class _Timer:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_running = False

    def start(self, _callback: Callable[[], None]) -> None:
        self.is_running = True

    def stop(self) -> None:
        self.is_running = False

    close = stop


class _Loop:
    def __init__(self) -> None:
        self.timers: list[_Timer] = []

    def timer(self, after: float, repeat: float) -> Any:
        assert after == repeat
        self.timers.append(_Timer(after))
        return self.timers[-1]

    def running(self) -> list[float]:
        """Seconds between ticks."""
        return [timer.seconds for timer in self.timers if timer.is_running]


@pytest.fixture
def loop() -> _Loop:
    return _Loop()


@pytest.fixture
def ticks(loop: _Loop) -> Ticks:
    return Ticks(loop, lambda: None)  # type: ignore[arg-type]  # what of a loop they use


def test_nothing_ticks_before_the_first_call(ticks: Ticks, loop: _Loop) -> None:
    assert loop.running() == []


def test_while_anything_is_under_way_they_come_often(ticks: Ticks, loop: _Loop) -> None:
    ticks.start()
    for now in (0.0, 1.0, 2.0):
        ticks.ticked(now, is_busy=True, has_connections=True)

    assert loop.running() == [0.02]


def test_a_moment_after_the_last_call_they_come_once_a_second(ticks: Ticks, loop: _Loop) -> None:
    ticks.start()
    ticks.ticked(5.0, is_busy=False, has_connections=True)
    ticks.ticked(5.1875, is_busy=False, has_connections=True)
    assert loop.running() == [0.02]

    ticks.ticked(5.25, is_busy=False, has_connections=True)
    assert loop.running() == [1.0]

    ticks.ticked(6.25, is_busy=False, has_connections=True)
    assert loop.running() == [1.0]


def test_calls_with_short_pauses_between_them_never_slow_them_down(ticks: Ticks, loop: _Loop) -> None:
    ticks.start()
    for tenth in range(20):
        ticks.ticked(tenth / 10, is_busy=tenth % 2 == 0, has_connections=True)

    assert loop.running() == [0.02]


def test_a_call_brings_them_back_at_once_and_counts_the_moment_anew(ticks: Ticks, loop: _Loop) -> None:
    ticks.start()
    ticks.ticked(1.0, is_busy=False, has_connections=True)
    ticks.ticked(1.5, is_busy=False, has_connections=True)

    ticks.start()
    ticks.ticked(2.0, is_busy=False, has_connections=True)

    assert loop.running() == [0.02]


@pytest.mark.parametrize("now", [0.0, 10.0])
def test_without_connections_they_end(ticks: Ticks, loop: _Loop, now: float) -> None:
    ticks.start()
    ticks.ticked(0.0, is_busy=False, has_connections=True)

    ticks.ticked(now, is_busy=False, has_connections=False)

    assert loop.running() == []


def test_closed_they_end(ticks: Ticks, loop: _Loop) -> None:
    ticks.start()
    ticks.close()

    assert loop.running() == []


def test_a_connection_at_rest_for_long_is_closed_by_a_seldom_tick(core: FakeCore) -> None:
    with rig(core.url, limits=some_limits(idle_seconds=0.5)) as hub:
        hub.call()
        # Longer than they go on often.
        gevent.sleep(0.4)
        assert hub.connections() == 1

        until(lambda: hub.connections() == 0)
