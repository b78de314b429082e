from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

StopReason = Literal["deadline", "shutting_down", "client_gone", "journal_unavailable"]


class Deadline:
    """After a point on the monotonic clock nothing new is sent.

    Calls in flight go on after ``cancel``, at the latest until ``at``.
    """

    __slots__ = ("_callbacks", "_cancelled", "_clock", "_look", "_look_at", "_look_every", "at")

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._cancelled: StopReason | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._look: Callable[[], StopReason | None] = lambda: None
        self._look_at = self._look_every = math.inf
        self.at = clock() + seconds

    def watch(self, look: Callable[[], StopReason | None], every_seconds: float) -> None:
        """Let ``stopped`` ask ``look`` too, at most every ``every_seconds``."""
        self._look, self._look_every = look, every_seconds
        self._look_at = self._clock()

    def remaining(self) -> float:
        return max(0.0, self.at - self._clock())

    def cancel(self, reason: StopReason) -> None:
        """The first reason given stays."""
        self._cancelled = self._cancelled or reason
        for callback in tuple(self._callbacks):
            callback()

    def stopped(self) -> StopReason | None:
        """Why nothing new may be sent, or None while it may."""
        if (reason := self._cancelled) is not None:
            return reason
        now = self._clock()
        if now >= self.at:
            return "deadline"
        return self._seen(now) if now >= self._look_at else None

    def _seen(self, now: float) -> StopReason | None:
        self._look_at = now + self._look_every
        if (reason := self._look()) is not None:
            self.cancel(reason)
        return self._cancelled

    def pause(self, seconds: float) -> None:
        """Wait, at most until the deadline or a cancel."""
        woken = threading.Event()
        self.on_cancel(woken.set)
        woken.wait(min(seconds, self.remaining()))

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when cancelled, in the canceller's thread. Now, if that has happened."""
        self._callbacks.append(callback)
        if self._cancelled is not None:
            callback()
