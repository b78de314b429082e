from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent._types import _Loop

# How often deadlines are looked at. One pass over all costs less than a timer for each.
_SECONDS = 0.02
# Connections at rest wait for nothing but their age, and each turn of an idle loop costs as much as an item.
_RESTING_SECONDS = 1.0
_QUIET_SECONDS = 0.2
_NEVER = float("inf")


class Ticks:
    """Calls ``tick`` every 20 ms while anything is under way, and each second while connections only rest."""

    def __init__(self, loop: _Loop, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._often = loop.timer(_SECONDS, _SECONDS)
        self._seldom = loop.timer(_RESTING_SECONDS, _RESTING_SECONDS)
        self._is_often = False
        self._rests_at = _NEVER

    def start(self) -> None:
        """Something is under way."""
        self._rests_at = _NEVER
        if not self._is_often:
            self._is_often = True
            self._seldom.stop()
            self._often.start(self._tick)

    def ticked(self, now: float, *, is_busy: bool, has_connections: bool) -> None:
        """What each tick found."""
        if is_busy:
            self._rests_at = _NEVER
        elif not has_connections:
            self._stop()
        elif now >= self._rests_at:
            self._stop()
            self._seldom.start(self._tick)
        else:
            self._rests_at = min(self._rests_at, now + _QUIET_SECONDS)

    def close(self) -> None:
        self._stop()
        # It belongs to who has these ticks, and a ring would wait for the collector.
        self._tick = _nothing
        self._often.close()
        self._seldom.close()

    def _stop(self) -> None:
        self._is_often = False
        self._often.stop()
        self._seldom.stop()


def _nothing() -> None: ...
