from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gevent
from gevent import getcurrent
from gevent.lock import Semaphore

if TYPE_CHECKING:
    from collections.abc import Callable

# The highest priority; a lower one would wait while others are busy.
_FIRST = 2
# How long work may keep the loop from its next turn.
_SLICE_SECONDS = 0.002
# Work is added up in steps of this length or longer: to look at the loop costs more than many a call is apart.
_STEP_SECONDS = 0.000_1


class LoopTurns:
    """A turn begins when the loop looks at sockets and timers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = Semaphore()
        self._clock = clock
        self._seen = self._worker = -1
        self._checked_at = self._worked = 0.0

    @property
    def number(self) -> int:
        """Of this turn; grows by one."""
        number: int = gevent.get_hub().loop.iteration
        return number

    def let_others_run(self) -> None:
        """Call often during work: it waits where work has taken a slice of this turn."""
        worker, now = id(getcurrent()), self._clock()
        if worker == self._worker and now - self._checked_at < _STEP_SECONDS:
            return
        number = self.number
        if number != self._seen:
            self._seen, self._worked = number, 0.0
        elif worker == self._worker:
            self._worked += now - self._checked_at
        self._worker, self._checked_at = worker, now
        if self._worked >= _SLICE_SECONDS:
            self.wait()

    def wait(self) -> None:
        """Until the next turn. Of those who wait, one goes on in each."""
        with self._line:
            # `sleep(0)` alone may come back fifty times before the loop looks at a socket.
            gevent.idle(_FIRST)
        # Sockets that are ready come first, and the next in line.
        gevent.sleep(0)
