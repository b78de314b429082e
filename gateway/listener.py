"""A socket on which a worker accepts. Its rule: who has connected is served or waits in a queue, and is never reset."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import socket
import struct
from typing import Any

import gevent
from gevent.server import StreamServer

_log = logging.getLogger(__name__)
_ACCEPT_PAUSE_SECONDS = 0.2
_SO_ATTACH_FILTER = 26  # Linux; the socket module does not name it.
# One instruction of a packet filter: return 0, let nothing through.
_NOTHING = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))


class Listener(StreamServer):
    """Accepts, and pauses where it cannot (no descriptor is left): one line, and neither a traceback nor a busy loop."""

    def do_read(self) -> Any:
        """A connection, or None where there is none now."""
        try:
            return super().do_read()
        except OSError as exc:
            _log.error("accept_failed", extra={"reason": exc.strerror})
            self.stop_accepting()
            gevent.spawn_later(_ACCEPT_PAUSE_SECONDS, self._go_on)
            return None

    def end(self, *, is_shared: bool) -> None:
        """Take in what has connected already, and close.

        ``is_shared`` says that others hold the same socket, whose queue outlives this worker. The queue of any other goes
        with it, so nothing may join it any more: who knocks while it closes is not heard, and by TCP knocks again a second
        later, at another worker's.
        """
        self.stop_accepting()
        with contextlib.suppress(OSError):
            if not is_shared:
                _deafen(self.socket)
            while not self.full() and (accepted := self.do_read()):
                self.do_handle(*accepted)
        self.close()

    def _go_on(self) -> None:
        if self.started:
            self.start_accepting()


def _deafen(listener: socket.socket) -> None:
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(_NOTHING)))
