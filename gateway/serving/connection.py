"""One client's connection. Its rule: every wait for the client is bounded in all.

It rests until a request begins to arrive; from then on the head, the body and the taking of the answer have a time each.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import socket
import ssl
import struct
import sys
import termios
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser

from gateway.serving.reading import ClientReader
from gateway.serving.requests import ClientRequest, HeadTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.serving.loop_turns import LoopTurns
    from gateway.serving.plan import ClientTimeouts

# How much of what a client still sends is taken in after its last answer, and for how long (RFC 9112 section 9.6).
_LINGER_BYTES = 16_777_216
_LINGER_SECONDS = 2.0
_LINGER_READ = 65_536
# Of answers that a client has not received, while it has sent its next request already.
_UNTAKEN_BYTES = 65_536
_LOOK_SECONDS = 0.02
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection:
    """The requests of one client, one after another; ``is_last`` is asked whether an answer is to be the last one.

    ``resting_since`` is when it began to wait for a request, infinity while it does not.
    """

    def __init__(
        self,
        client: socket.socket,
        address: Any,
        config: Any,
        timeouts: ClientTimeouts,
        turns: LoopTurns,
        is_last: Callable[[], bool],
    ) -> None:
        self.resting_since = math.inf
        self._client = client
        self._timeouts = timeouts
        self._turns = turns
        self._reader = ClientReader(client, timeouts.answer, turns)
        self._parser = RequestParser(config, client, address)
        self._parser.unreader = self._reader
        self._parser.mesg_class = partial(ClientRequest, body_seconds=timeouts.body, is_last=is_last)

    def next_request(self) -> ClientRequest | None:
        """The next request with its head read, None if there is none.

        Raises what gunicorn's parser does, HeadTimeout, or TimeoutError where earlier answers are not taken.
        """
        self._reader.allow(self._timeouts.head)
        if not self._parser.finish_body():
            return None
        if self._parser.mesg is not None:
            self._let_others_go_first()
        if not (self._reader.has_buffered() or self._rest()):
            return None
        self._reader.allow(self._timeouts.head)
        try:
            request: ClientRequest = next(self._parser)
        except TimeoutError as exc:
            raise HeadTimeout from exc
        except (NoMoreData, StopIteration):
            return None
        return request

    def let_go(self) -> None:
        """End the rest for good, unless a request has begun to arrive."""
        if math.isfinite(self.resting_since) and not self._has_input():
            self.resting_since = math.inf
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RD)

    def reset(self) -> None:
        """Free at once what the client would not take."""
        with contextlib.suppress(OSError):
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._client.close()

    def close(self) -> None:
        """End the connection; a client that is still sending gets to read its answer first."""
        if self._has_input() or self._owed():
            with contextlib.suppress(OSError):
                self._linger()
        self._client.close()

    def _let_others_go_first(self) -> None:
        """Of a client that is ahead of its answers: one request in a turn of the loop, and only so many answers unread."""
        if not (self._reader.has_buffered() or self._has_input()):
            return
        ends_at = time.monotonic() + self._timeouts.answer
        while self._untaken() > _UNTAKEN_BYTES:
            if time.monotonic() > ends_at:
                raise TimeoutError
            gevent.sleep(_LOOK_SECONDS)
        self._turns.wait()

    def _untaken(self) -> int:
        """How many bytes of answers the client's side has not received."""
        try:
            return int.from_bytes(fcntl.ioctl(self._client.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
        except (OSError, ValueError):  # closed by either side
            return 0

    def _rest(self) -> bool:
        """Wait for the first bytes of a request; whether there are any."""
        self.resting_since = time.monotonic()
        self._reader.allow(self._timeouts.idle)
        try:
            data = self._reader.chunk()
        except OSError:
            return False
        finally:
            self.resting_since = math.inf
        self._reader.unread(data)
        return bool(data)

    def _has_input(self) -> bool:
        """Whether bytes have arrived that nobody has read."""
        if isinstance(self._client, ssl.SSLSocket) and self._client.pending():
            return True
        try:
            return any(fcntl.ioctl(self._client.fileno(), termios.FIONREAD, bytes(4)))
        except (OSError, ValueError):  # closed by either side
            return False

    def _owed(self) -> bool:
        request = self._parser.mesg
        return request is not None and request.incoming.owed > 0

    def _linger(self) -> None:
        """Closing with unread input would reset the connection, and with it the answer."""
        self._client.shutdown(socket.SHUT_WR)
        self._reader.allow(_LINGER_SECONDS)
        taken = 0
        # Only the length is kept: what was read would be held while waiting for more.
        while taken < _LINGER_BYTES and (more := len(self._reader.chunk(_LINGER_READ))):
            taken += more
