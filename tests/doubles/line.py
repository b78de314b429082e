"""A connection of the hub with everything around it played by the test: loop, channel, socket and owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from legacy_client.transport.hub.connection import Connection
from legacy_client.transport.hub.known_heads import KnownHeads

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from legacy_client.errors import CoreError
    from legacy_client.transport.hub.batch import Exchange


class Watcher:
    def __init__(self) -> None:
        self.callback: Callable[[], None] | None = None
        self.is_closed = False

    def start(self, callback: Callable[[], None]) -> None:
        self.callback = callback

    def stop(self) -> None:
        self.callback = None

    def close(self) -> None:
        self.is_closed = True


class Line:
    """Loop, channel, socket and owner in one: ``takes`` is what the socket does with what is sent, ``gives`` with reads."""

    def __init__(
        self, *takes: int | OSError, gives: list[bytes | OSError] | None = None, max_answer_bytes: int = 100
    ) -> None:
        self.takes = list(takes)
        self.gives = gives or []
        self.sent = b""
        self.watchers: dict[int, Watcher] = {}
        self.heard: list[str | requests.Response | CoreError] = []
        self.ended_exchange: Exchange | None = None
        self.is_closed = False
        self.sock = self
        self.to_wire = bytes
        self.connection = Connection(self, self, self, KnownHeads(max_answer_bytes))

    def io(self, _fd: int, events: int) -> Watcher:
        self.watchers[events] = Watcher()
        return self.watchers[events]

    def fileno(self) -> int:
        return 0

    def close(self) -> None:
        self.is_closed = True

    def send(self, data: bytes) -> int:
        done = self.takes.pop(0) if self.takes else len(data)
        if isinstance(done, OSError):
            raise done
        self.sent += data[:done]
        return min(done, len(data))

    def receive(self) -> bytes:
        given = self.gives.pop(0) if self.gives else BlockingIOError()
        if isinstance(given, OSError):
            raise given
        return given

    def ended(self, _connection: Connection, exchange: Exchange, result: requests.Response | CoreError) -> None:
        self.ended_exchange = exchange
        self.heard.append(result)

    def lost(self, _connection: Connection) -> None:
        self.heard.append("lost")

    def read(self, *gives: bytes | OSError) -> list[str | requests.Response | CoreError]:
        """The socket is readable, with this to read; what the owner has heard since."""
        self.gives.extend(gives)
        while self.gives and self.watchers[1].callback is not None:
            self.watchers[1].callback()
        heard, self.heard = self.heard, []
        return heard

    def write(self) -> None:
        """The socket is writable."""
        self.watchers[2].callback()
