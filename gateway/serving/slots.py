"""The slots at one listening socket: who takes one, and who gives one up when they run out."""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING

from gevent.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.serving.connection import Connection

# From this share of the slots on, they are kept for requests: no answer leaves its connection open, and who comes new
# takes the place of the one that has rested longest.
_CROWDED = 0.9


class Slots:
    """``pool`` has one place for each connection, from when it is accepted until it ends."""

    def __init__(self, size: int) -> None:
        self.pool = Pool(size)
        self._crowd = math.ceil(_CROWDED * size)
        self._begun = 0
        self._connections: set[Connection] = set()

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """One more place is taken, be it for a handshake."""
        self.free_a_slot()
        self._begun += 1
        try:
            yield
        finally:
            self._begun -= 1

    @contextlib.contextmanager
    def held_by(self, connection: Connection) -> Iterator[None]:
        """A place that was taken may be asked for again while this connection rests."""
        self._connections.add(connection)
        try:
            yield
        finally:
            self._connections.discard(connection)

    def are_crowded(self) -> bool:
        """Whether few slots are left."""
        return self._begun >= self._crowd

    def free_a_slot(self) -> None:
        """Let go of the connection that has rested longest, if there are few slots left and one rests.

        To be called wherever a place is taken and wherever a connection goes back to rest: of a full house at most one
        rests, so that what keeps others out is work, and bounded in time.
        """
        if self.are_crowded() and self._connections:
            min(self._connections, key=lambda connection: connection.resting_since).let_go()

    def let_go(self, rested: float) -> None:
        """Let go of all that have rested for these seconds."""
        latest = time.monotonic() - rested
        for connection in tuple(self._connections):
            if connection.resting_since <= latest:
                connection.let_go()
