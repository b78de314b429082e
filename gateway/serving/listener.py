"""A socket on which a worker accepts. Its rule: who has connected is served or waits in a queue, and is never reset."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import socket
import struct
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
from gevent.server import StreamServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent.pool import Pool

_log = logging.getLogger(__name__)
_ACCEPT_PAUSE_SECONDS = 0.2
_SO_ATTACH_FILTER = 26  # Linux; the socket module does not name it.
# One instruction of a packet filter: return 0, let nothing through.
_NOTHING = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))


class Listener(StreamServer):
    """Accepts, and pauses where it cannot (no descriptor is left): one line, and neither a traceback nor a busy loop."""

    def __init__(self, listener: Any, handle: Callable[[socket.socket, Any], None], spawn: Pool) -> None:
        super().__init__(listener, handle=handle, spawn=spawn)
        self._is_pausing = False
        self._waiting: deque[tuple[socket.socket, Any]] = deque()
        self._slots = spawn
        self._converse = partial(_converse_and_close, handle)

    def do_read(self) -> Any:
        """A connection, or None where there is none now."""
        try:
            return super().do_read()
        except OSError as exc:
            _log.error("accept_failed", extra={"reason": exc.strerror})
            self._is_pausing = True
            self.stop_accepting()
            gevent.spawn_later(_ACCEPT_PAUSE_SECONDS, self._go_on)
            return None

    def end(self, *, is_shared: bool) -> None:
        """Take in what has connected already; ``take_in`` has to be called until it is closed and nobody is waiting.

        ``is_shared`` says that others hold the same socket: its queue may outlive this worker, so it stays open until
        nobody waits there. The queue of any other goes with its socket, so nothing may join it any more: who knocks while it
        closes is not heard, and by TCP knocks again a second later, at another worker's. It is closed at once, and who had
        connected waits here for a place.
        """
        self.stop_accepting()
        if not is_shared:
            with contextlib.suppress(OSError):
                _deafen(self.socket)
            self._waiting.extend(iter(self.do_read, None))
            self.close()
        self.take_in()

    def take_in(self) -> None:
        """After ``end``: serve those who wait, as far as there are slots, and close where nobody does."""
        while not self._slots.full():
            if self._waiting:
                self._slots.spawn(self._converse, *self._waiting.popleft())
            elif self.closed or self._is_pausing:
                return
            elif accepted := self.do_read():
                self._waiting.append(accepted)
            elif not self._is_pausing:
                self.close()

    @property
    def waiting(self) -> int:
        """Connections that were accepted and found no place."""
        return len(self._waiting)

    def _go_on(self) -> None:
        self._is_pausing = False
        if self.started:
            self.start_accepting()


def _converse_and_close(handle: Callable[[socket.socket, Any], None], client: socket.socket, address: Any) -> None:
    # As the base class does it as long as it is open.
    with contextlib.closing(client):
        handle(client, address)


def _deafen(listener: socket.socket) -> None:
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(_NOTHING)))
