"""The connection used last is used first, so the surplus grows old."""

from __future__ import annotations

from bisect import insort
from operator import attrgetter
from typing import TYPE_CHECKING

from legacy_client.transport.ages import share_of_age
from legacy_client.transport.keep_alive import KeepAlive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from legacy_client.transport.hub.connection import Connection

_resting_since = attrgetter("resting_since")


class Pool:
    """One that rests for ``idle_seconds`` is closed.

    Until ``KeepAlive`` is proven, the one that rests longest is used first.
    """

    def __init__(self, idle_seconds: float, max_age_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._max_age_seconds = max_age_seconds
        self._open: set[Connection] = set()
        self._resting: list[Connection] = []  # the longest at rest first
        self.keep_alive = KeepAlive()

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._open))

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, connection: Connection, now: float) -> None:
        connection.retires_at = now + self._max_age_seconds * share_of_age()
        self._open.add(connection)

    def rest(self, connection: Connection, now: float) -> None:
        connection.resting_since = now
        if now < connection.retires_at:
            self._resting.append(connection)
        else:
            self.discard(connection)

    def put_back(self, connection: Connection) -> None:
        """Undo a take after which nothing was sent."""
        insort(self._resting, connection, key=_resting_since)

    def take(self, now: float) -> Connection | None:
        """None where none is at rest."""
        if not self.keep_alive.is_proven:
            return self._take_rested(now)
        while self._resting:
            connection = self._resting.pop()
            rested = now - connection.resting_since
            if not rested or (rested < self._idle_seconds and connection.is_quiet()):
                return connection
            self.closed(connection, now)
        return None

    def ready(self, now: float, places: int) -> int:
        """How many free places may be taken while ``KeepAlive`` is not proven."""
        unready = len(self._resting) - sum(self._has_rested(connection, now) for connection in self._resting)
        # The core is new: wait for the connections at rest rather than open more.
        return len(self._resting) - unready if unready and self.keep_alive.is_new else places - unready

    def closed(self, connection: Connection, now: float) -> None:
        """The core closed a connection without saying so, or it is too old."""
        if connection.has_answered:
            self.keep_alive.closed(now - connection.resting_since)
        self.discard(connection)

    def discard(self, connection: Connection) -> None:
        if connection in self._resting:
            self._resting.remove(connection)
        if connection in self._open:
            self._open.remove(connection)
            connection.close()

    def expire(self, now: float) -> None:
        while self._resting and now - self._resting[0].resting_since >= self._idle_seconds:
            self.discard(self._resting[0])

    def _take_rested(self, now: float) -> Connection | None:
        while self._resting and self._has_rested(self._resting[0], now):
            connection = self._resting.pop(0)
            if now - connection.resting_since < self._idle_seconds and connection.is_quiet():
                if connection.has_answered:
                    self.keep_alive.kept_open()
                return connection
            self.closed(connection, now)
        return None

    def _has_rested(self, connection: Connection, now: float) -> bool:
        return not connection.has_answered or now - connection.resting_since >= self.keep_alive.moment
