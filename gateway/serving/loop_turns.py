from __future__ import annotations

import gevent
from gevent.lock import Semaphore

# The highest priority; a lower one would wait while others are busy.
_FIRST = 2


class LoopTurns:
    """Of those who wait, one goes on in each turn."""

    def __init__(self) -> None:
        self._line = Semaphore()

    def wait(self) -> None:
        """Comes back after the loop has looked at sockets and timers."""
        with self._line:
            # `sleep(0)` alone may come back fifty times before the loop looks at a socket.
            gevent.idle(_FIRST)
        # Sockets that are ready come first, and the next in line.
        gevent.sleep(0)
