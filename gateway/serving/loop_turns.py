"""LoopTurns of the event loop. Its rule: who could go on without waiting lets all others go first."""

from __future__ import annotations

import gevent
from gevent.lock import Semaphore

# The highest priority there is: a lower one would wait for as long as others are busy.
_FIRST = 2


class LoopTurns:
    """Of all who wait here, one goes on in each turn of the loop, in the order in which they came."""

    def __init__(self) -> None:
        self._line = Semaphore()

    def wait(self) -> None:
        """Come back after the loop has looked at all sockets and timers."""
        with self._line:
            # `sleep(0)` alone comes back up to fifty times before the loop looks at a socket.
            gevent.idle(_FIRST)
        # The sockets that the loop has found ready come first, and who is next in the line takes its place.
        gevent.sleep(0)
