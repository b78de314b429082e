from __future__ import annotations

from typing import TYPE_CHECKING

from gevent import get_hub
from gevent.hub import Waiter

if TYPE_CHECKING:
    from gevent._types import _Loop

# The lowest priority: sockets and timers come before it.
_LAST = -2


class QuietMoment:
    """When the loop has nothing else to do, or ``most_seconds`` after the first began to wait for it.

    All who wait go on in the same turn, first come first.
    """

    def __init__(self, most_seconds: float) -> None:
        self._most_seconds = most_seconds
        self._waiting: list[Waiter[None]] = []

    def wait(self) -> None:
        hub = get_hub()
        waiter: Waiter[None] = Waiter(hub)
        self._waiting.append(waiter)
        if len(self._waiting) == 1:
            self._watch(hub.loop)
        waiter.get()

    def _watch(self, loop: _Loop) -> None:
        self._idle, self._timer = loop.idle(priority=_LAST), loop.timer(self._most_seconds)
        self._idle.start(self._go_on)
        self._timer.start(self._go_on)

    def _go_on(self) -> None:
        for watcher in (self._idle, self._timer):
            watcher.stop()
            watcher.close()
        waiting, self._waiting = self._waiting, []
        # One that was ended meanwhile does not hear it.
        for waiter in waiting:
            waiter.switch(None)
