from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING

from gevent.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.serving.connection import Connection

# From this share on, slots are kept for requests: answers end their connections,
# and a new connection replaces the one that has rested longest.
_CROWDED = 0.9


class Slots:
    """``pool`` has a slot for each connection at one listening socket, until its end."""

    def __init__(self, size: int) -> None:
        self.pool = Pool(size)
        self._crowd = math.ceil(_CROWDED * size)
        self._begun = 0
        self._connections: set[Connection] = set()

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Around a connection or handshake."""
        self.free_a_slot()
        self._begun += 1
        try:
            yield
        finally:
            self._begun -= 1

    @contextlib.contextmanager
    def held_by(self, connection: Connection) -> Iterator[None]:
        """The connection can be ended while it rests."""
        self._connections.add(connection)
        try:
            yield
        finally:
            self._connections.discard(connection)

    def are_crowded(self) -> bool:
        return self._begun >= self._crowd

    def free_a_slot(self) -> None:
        """If few are left, end the connection that has rested longest.

        Call it where a slot is taken and where a connection begins to rest.
        """
        # At most one connection rests in a full house, so only work keeps others out.
        if self.are_crowded() and self._connections:
            min(self._connections, key=lambda connection: connection.resting_since).let_go()

    def let_go(self, rested: float) -> None:
        """End all that have rested for so many seconds."""
        latest = time.monotonic() - rested
        for connection in tuple(self._connections):
            if connection.resting_since <= latest:
                connection.let_go()
