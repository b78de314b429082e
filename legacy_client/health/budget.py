"""Bounds the retries, so that they do not multiply an outage."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class RetryBudget:
    """At most ``ratio`` retries per first call in any ``window_seconds``, and at least ``floor``. Thread-safe."""

    def __init__(
        self,
        *,
        ratio: float,
        window_seconds: float,
        floor: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ratio = ratio
        self._window_seconds = window_seconds
        self._floor = floor
        self._clock = clock
        self._lock = threading.Lock()
        self._events: deque[tuple[float, int, int]] = deque()
        self._calls = self._taken = 0
        self.retries = 0

    def add_calls(self, count: int) -> None:
        with self._lock:
            self._events.append((self._forget(), count, 0))
            self._calls += count

    def take(self, wanted: int, *, free: int = 0) -> int:
        """How many are granted. The ``free`` ones are only counted."""
        with self._lock:
            now = self._forget()
            allowed = max(self._floor, int(self._calls * self._ratio))
            granted = max(0, min(wanted, allowed - self._taken))
            if granted:
                self._events.append((now, 0, granted))
                self._taken += granted
            self.retries += granted + free
            return granted

    def _forget(self) -> float:
        """What is older than the window. Gives the time."""
        now, events = self._clock(), self._events
        oldest = now - self._window_seconds
        while events and events[0][0] <= oldest:
            _, calls, retries = events.popleft()
            self._calls -= calls
            self._taken -= retries
        return now
