"""The open connections. Of those at rest the one used last is used first, so that the surplus ages and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from legacy_client.transport.hub.connection import Connection


class Pool:
    """Connections at work and at rest; one at rest for ``idle_seconds`` is closed, before the core would do it."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._open: set[Connection] = set()
        self._resting: list[Connection] = []  # the longest at rest first

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._open))

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, connection: Connection) -> None:
        """Count in a connection, at work."""
        self._open.add(connection)

    def rest(self, connection: Connection, now: float) -> None:
        """Keep a connection for the next request."""
        connection.resting_since = now
        self._resting.append(connection)

    def put_back(self, connection: Connection) -> None:
        """Undo a take, after which nothing was sent: the connection has rested all the time."""
        self._resting.append(connection)

    def take(self, now: float) -> Connection | None:
        """A connection at rest; one that has rested for longer than this moment is looked at first."""
        while self._resting:
            connection = self._resting.pop()
            rested = now - connection.resting_since
            if not rested or (rested < self._idle_seconds and connection.is_quiet()):
                return connection
            self.discard(connection)
        return None

    def discard(self, connection: Connection) -> None:
        """Close a connection, whatever it is doing, if it is not closed yet."""
        if connection in self._resting:
            self._resting.remove(connection)
        if connection in self._open:
            self._open.remove(connection)
            connection.close()

    def expire(self, now: float) -> None:
        """Close what has rested for too long."""
        while self._resting and now - self._resting[0].resting_since >= self._idle_seconds:
            self.discard(self._resting[0])
