from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Watched(Protocol):
    def due_at(self) -> float:
        """On the watchdog's clock. A time that comes closer needs a ``nudge``."""
        ...

    def expire(self) -> bool:
        """Must not block. False if its time is not up after all."""
        ...


class Watchdog:
    """The thread starts with the first thing to watch, so after a fork."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._watched: set[Watched] = set()
        self._wakes_at = float("-inf")
        self._thread: threading.Thread | None = None
        self._closed = False

    def watch(self, thing: Watched) -> None:
        with self._changed:
            self._watched.add(thing)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="core-watchdog", daemon=True)
                self._thread.start()
            elif thing.due_at() < self._wakes_at:
                self._changed.notify()

    def forget(self, thing: Watched) -> None:
        with self._changed:
            self._watched.discard(thing)

    def nudge(self) -> None:
        with self._changed:
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._watched.clear()
            self._changed.notify()

    def _run(self) -> None:
        while not self._closed:
            for thing in self._wait():
                if thing.expire():
                    self.forget(thing)

    def _wait(self) -> list[Watched]:
        with self._changed:
            self._wakes_at = min((thing.due_at() for thing in self._watched), default=float("inf"))
            seconds = self._wakes_at - self._clock()
            if seconds > 0 and not self._closed:
                self._changed.wait(min(seconds, threading.TIMEOUT_MAX))
            now = self._clock()
            return [thing for thing in self._watched if thing.due_at() <= now]
