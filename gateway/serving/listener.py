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
from gevent.monkey import get_original
from gevent.server import StreamServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gevent.pool import Pool

_log = logging.getLogger(__name__)
_ACCEPT_PAUSE_SECONDS = 0.2
_SO_ATTACH_FILTER = 26  # Linux; the socket module does not name it.
# A packet filter: nothing with SYN, which byte 13 of a TCP header tells, all else (RFC 9293 section 3.1).
_STEPS = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
_NO_NEW_CLIENT = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _STEPS))
# The last packet of a handshake that had begun may be on its way; on a busy machine it waits for its kernel, too.
_HANDSHAKE_SECONDS = 0.02


class Listener(StreamServer):
    """Pauses where no descriptor is left; resets no connected client."""

    def __init__(self, listener: Any, handle: Callable[[socket.socket, Any], None], spawn: Pool) -> None:
        super().__init__(listener, handle=handle, spawn=spawn)
        self._is_pausing = False
        self._waiting: deque[tuple[socket.socket, Any]] = deque()
        self._slots = spawn
        self._converse = partial(_converse_and_close, handle)

    def do_read(self) -> Any:
        try:
            return super().do_read()
        except OSError as exc:
            _log.error("accept_failed", extra={"reason": exc.strerror})
            self._is_pausing = True
            self.stop_accepting()
            gevent.spawn_later(_ACCEPT_PAUSE_SECONDS, self._go_on)
            return None

    def end(self, *, is_shared: bool) -> None:
        """Stop accepting; then call ``take_in`` until nobody waits.

        ``is_shared``: other workers hold the same socket.
        """
        self.stop_accepting()
        # The queue of an unshared socket closes with it, so nobody may join it any more.
        # A client that connects now is not heard; by TCP it tries again a second later.
        if not is_shared:
            with contextlib.suppress(OSError):
                _deafen(self.socket)
            gevent.sleep(_HANDSHAKE_SECONDS)
            self._waiting.extend(iter(self.do_read, None))
            self.close()
        self.take_in()

    def take_in(self) -> None:
        """After ``end``: serve those who wait while there are slots."""
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
        """Accepted connections without a slot."""
        return len(self._waiting)

    def _go_on(self) -> None:
        self._is_pausing = False
        if self.started:
            self.start_accepting()


def nobody_waits_at(listeners: Iterable[Any], *, are_shared: bool) -> bool:
    """No client can connect any more to sockets that are not shared."""
    listeners = list(listeners)
    for listener in () if are_shared else listeners:
        with contextlib.suppress(OSError):
            _deafen(listener)
    # A signal's handler may not wait for the loop, as gevent's own would.
    readable, _, _ = get_original("select", "select")(listeners, [], [], 0 if are_shared else _HANDSHAKE_SECONDS)
    return not readable


def _converse_and_close(handle: Callable[[socket.socket, Any], None], client: socket.socket, address: Any) -> None:
    # The base class does this only while it is open.
    with contextlib.closing(client):
        handle(client, address)


def _deafen(listener: socket.socket) -> None:
    listener.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(_STEPS), ctypes.addressof(_NO_NEW_CLIENT))
    )
