"""A circuit breaker. The caller brings the lock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

CircuitState = Literal["closed", "open", "half_open"]

_BUCKETS = 10


class Circuit:
    """Opens when ``failure_rate`` of at least ``min_calls`` failed in ``window_seconds``.

    After ``open_seconds`` it lets ``probes`` calls through. One failure opens it again; ``probes`` successes close it.
    A lost probe is given out again after ``open_seconds``.
    """

    def __init__(
        self,
        *,
        window_seconds: float,
        min_calls: int,
        failure_rate: float = 0.5,
        open_seconds: float,
        probes: int = 3,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._window = Window(window_seconds)
        self._min_calls = min_calls
        self._failure_rate = failure_rate
        self._open_seconds = open_seconds
        self._probes = probes
        self._clock = clock
        self._state: CircuitState = "closed"
        self.is_in_doubt = False
        """Whether the next answers decide if the circuit closes."""
        self._opened_at = self._heard_from = float("-inf")
        self._probes_left = self._probes_succeeded = 0
        self._lease_ends = 0.0

    @property
    def state(self) -> CircuitState:
        if self._state == "open" and self._clock() >= self._opened_at + self._open_seconds:
            return "half_open"
        return self._state

    def admit(self) -> float | None:
        """None lets one call through. A number says in how many seconds to ask again."""
        if self._state == "closed":
            return None
        now = self._clock()
        if self._state == "open":
            wait = self._opened_at + self._open_seconds - now
            if wait > 0:
                return wait
            self._state, self._probes_succeeded = "half_open", 0
            self._lease(now)
        elif now >= self._lease_ends:
            self._lease(now)
        if self._probes_left == 0:
            return self._lease_ends - now
        self._probes_left -= 1
        return None

    def succeeded(self, calls: int, longest: float) -> bool:
        """So many calls, let through at most ``longest`` seconds ago. False where each must be recorded by itself."""
        now = self._clock()
        if self._state != "closed" or now - longest < self._heard_from:
            return False
        self._window.add(now, calls, failures=0)
        return True

    def record(self, failed: bool | None, seconds: float) -> None:
        """A call let through ``seconds`` ago has ended. None says nothing about health."""
        now = self._clock()
        if self._state == "open" or now - seconds < self._heard_from:
            return
        if self._state == "closed":
            if failed is not None:
                self._window.add(now, 1, failures=int(failed))
            if failed:
                self._rate(now)
        elif failed:
            self._open(now)
        elif failed is None:
            self._probes_left = min(self._probes, self._probes_left + 1)
        else:
            self._probe_succeeded()

    def disprove(self) -> None:
        """A call recorded as a success was a failure: its answer cannot be read."""
        if self._state == "closed":
            now = self._clock()
            self._window.disprove(now)
            self._rate(now)

    def _rate(self, now: float) -> None:
        calls, failures = self._window.totals(now)
        if calls >= self._min_calls and failures >= self._failure_rate * calls:
            self._open(now)

    def _open(self, now: float) -> None:
        self._state, self._opened_at, self.is_in_doubt = "open", now, True
        # An open circuit lets nothing through. So a call that began in this time began before the circuit opened.
        self._heard_from = now + self._open_seconds / 2

    def _lease(self, now: float) -> None:
        self._probes_left, self._lease_ends = self._probes - self._probes_succeeded, now + self._open_seconds

    def _probe_succeeded(self) -> None:
        self._probes_succeeded += 1
        if self._probes_succeeded >= self._probes:
            self._state, self.is_in_doubt = "closed", False
            self._window.clear()


class Window:
    """Calls and failures of the last ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._bucket_seconds = seconds / _BUCKETS
        self.clear()

    def clear(self) -> None:
        self._calls, self._failures = [0] * _BUCKETS, [0] * _BUCKETS
        self._newest = self._bucket = 0
        self._turns_at = 0.0

    def add(self, now: float, calls: int, *, failures: int) -> None:
        if now >= self._turns_at:
            self._turn_to(now)
        self._calls[self._bucket] += calls
        self._failures[self._bucket] += failures

    def disprove(self, now: float) -> None:
        self._turn_to(now)
        self._failures[self._bucket] += 1

    def totals(self, now: float) -> tuple[int, int]:
        self._turn_to(now)
        return sum(self._calls), sum(self._failures)

    def _turn_to(self, now: float) -> None:
        tick = int(now / self._bucket_seconds)
        if tick > self._newest:
            for stale in range(max(self._newest + 1, tick - _BUCKETS + 1), tick + 1):
                self._calls[stale % _BUCKETS] = self._failures[stale % _BUCKETS] = 0
            self._newest, self._bucket = tick, tick % _BUCKETS
            self._turns_at = (tick + 1) * self._bucket_seconds
