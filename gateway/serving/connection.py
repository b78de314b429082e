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
from gevent.socket import wait
from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser

from gateway.serving.client_request import ClientRequest
from gateway.serving.plain_request import PlainRequest
from gateway.serving.reading import ClientReader
from gateway.serving.repeated_head import RepeatedHead

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.serving.loop_turns import LoopTurns
    from gateway.serving.plain_head import PlainHeads
    from gateway.serving.plan import ClientTimeouts

    Request = ClientRequest | PlainRequest

# What a client still sends after its last answer is read up to this (RFC 9112 section 9.6).
_LINGER_BYTES = 16_777_216
_LINGER_SECONDS = 2.0
_LINGER_READ = 65_536
# Bytes of answers that may be on their way while the next request is read.
_UNTAKEN_BYTES = 65_536
_LOOK_SECONDS = 0.02
_NO_BYTES = bytes(4)
# libev's name for it.
_READ = 1
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection:
    """Every wait is bounded. ``is_last`` ends the requests after an answer.

    ``resting_since``: when the wait for a request began, else infinity.
    """

    def __init__(
        self,
        client: socket.socket,
        address: Any,
        config: Any,
        timeouts: ClientTimeouts,
        turns: LoopTurns,
        is_last: Callable[[], bool],
        heads: PlainHeads,
    ) -> None:
        self.resting_since = math.inf
        self._client = client
        self._timeouts = timeouts
        self._turns = turns
        self._began_in = turns.number
        self._heads = heads
        self._repeated = RepeatedHead()
        self._is_last = is_last
        self._is_secured = isinstance(client, ssl.SSLSocket)
        # For answers of the kernel. With bytes, `ioctl` raises an error within, at each call.
        self._count = bytearray(4)
        loop = gevent.get_hub().loop
        self._readable = loop.io(client.fileno(), _READ)
        self._patience = loop.timer(timeouts.idle, timeouts.idle)
        self._reader = ClientReader(client, timeouts.answer, turns)
        self._parser = RequestParser(config, client, address)
        self._parser.unreader = self._reader
        self._parser.mesg_class = partial(ClientRequest, body_seconds=timeouts.body, is_last=is_last)

    def next_request(self) -> Request | None:
        """None where none comes. Raises gunicorn's parse errors, HeadTimeout or TimeoutError (answers not received)."""
        last = self._parser.mesg
        if last is not None and last.owed and not self._is_skipped():
            return None
        is_buffered = self._reader.has_buffered()
        is_there = is_buffered or self._has_input()
        if is_there and last is not None:
            self._let_others_go_first()
        data = self._reader.take_buffered() if is_buffered else self._first_bytes(is_there=is_there)
        if not data:
            return None
        request = self._plain(data) or self._parsed(data)
        self._began_in = self._turns.number
        return request

    def let_go(self) -> None:
        """Ends the connection if it rests."""
        if math.isfinite(self.resting_since) and not self._has_input():
            self.resting_since = math.inf
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RD)

    def reset(self) -> None:
        with contextlib.suppress(OSError):
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._end()

    def close(self) -> None:
        """Let a client read its answer first."""
        if self._has_input() or self._owed():
            with contextlib.suppress(OSError):
                self._linger()
        self._end()

    def _end(self) -> None:
        self._readable.close()
        self._patience.close()
        self._client.close()

    def _let_others_go_first(self) -> None:
        """Hold back a client that sends before it reads."""
        ends_at = time.monotonic() + self._timeouts.answer
        while self._untaken() > _UNTAKEN_BYTES:
            if time.monotonic() > ends_at:
                raise TimeoutError
            gevent.sleep(_LOOK_SECONDS)
        # A request that waited for the core has given others their turn.
        if self._turns.number == self._began_in:
            self._turns.wait()

    def _untaken(self) -> int:
        """Bytes of answers that the client has not received."""
        try:
            fcntl.ioctl(self._client.fileno(), termios.TIOCOUTQ, self._count)
        except (OSError, ValueError):  # closed by either side
            return 0
        return 0 if self._count == _NO_BYTES else int.from_bytes(self._count, sys.byteorder)

    def _first_bytes(self, *, is_there: bool) -> bytes:
        """Of a request; empty where none comes, or the client is to go."""
        self.resting_since = time.monotonic()
        # One timer for all rests: gevent would make one for each read that waits.
        # Started again it would go on with what the last rest left of it.
        self._patience.again(self.let_go)
        try:
            if not is_there:
                wait(self._readable)
            # What came may be less than a record of TLS, so this may rest too.
            return self._reader.what_is_there()
        except OSError:
            return b""
        finally:
            self._patience.stop()
            self.resting_since = math.inf

    def _is_skipped(self) -> bool:
        """What is left of the last body; False where that takes too long."""
        self._reader.allow(self._timeouts.head)
        is_skipped: bool = self._parser.finish_body()
        return is_skipped

    def _plain(self, data: bytes) -> PlainRequest | None:
        head = self._repeated.read(data)
        if head is None:
            head = self._heads.read(data)
            if head is None:
                return None
            self._repeated.learn(data, head)
        request = PlainRequest(
            head,
            self._heads.scheme,
            data,
            self._reader,
            body_seconds=self._timeouts.body,
            is_last=self._is_last,
        )
        self._parser.mesg = request
        return request

    def _parsed(self, data: bytes) -> ClientRequest | None:
        self._reader.unread(data)
        self._reader.allow(self._timeouts.head)
        try:
            request: ClientRequest = next(self._parser)
        except (NoMoreData, StopIteration):
            return None
        return request

    def _has_input(self) -> bool:
        client: Any = self._client
        if self._is_secured and client.pending():
            return True
        try:
            fcntl.ioctl(client.fileno(), termios.FIONREAD, self._count)
        except (OSError, ValueError):  # closed by either side
            return False
        return self._count != _NO_BYTES

    def _owed(self) -> bool:
        request = self._parser.mesg
        return request is not None and request.owed > 0

    def _linger(self) -> None:
        # To close with unread input would reset the connection, and lose the answer.
        self._client.shutdown(socket.SHUT_WR)
        self._reader.allow(_LINGER_SECONDS)
        taken = 0
        # Only the length is kept, so that no bytes are held.
        while taken < _LINGER_BYTES and (more := len(self._reader.chunk(_LINGER_READ))):
            taken += more
