from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import SocketUnreader

from gateway.serving.broken_body import BrokenBody

if TYPE_CHECKING:
    import socket

    from gateway.serving.loop_turns import LoopTurns

# A larger unread body ends the connection; a smaller one is skipped.
_WORTH_SKIPPING = 65_536


class ClientReader(SocketUnreader):  # type: ignore[misc]  # gunicorn ships no types
    """Bounds many reads by one point in time."""

    def __init__(self, client: socket.socket, answer_seconds: float, turns: LoopTurns) -> None:
        super().__init__(client)
        self._turns = turns
        self._answer_seconds = answer_seconds
        self._ends_at = -math.inf
        client.settimeout(answer_seconds)

    def allow(self, seconds: float) -> None:
        """From now on, for all reads together."""
        self._ends_at = time.monotonic() + seconds

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Empty at the end. Raises TimeoutError."""
        # A client that sends without a pause would keep the loop.
        self._turns.let_others_run()
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        try:
            data: bytes = super().chunk(size_hint)
            return data
        finally:
            self.sock.settimeout(self._answer_seconds)

    def what_is_there(self) -> bytes:
        """Of a socket that can be read. Raises TimeoutError where a TLS record does not end in time."""
        data: bytes = self.sock.recv(self.mxchunk)
        return data

    def has_buffered(self) -> bool:
        return bool(self.buf.getbuffer().nbytes)


class BodyReader:
    """Its time begins with the first read."""

    def __init__(self, framing: Any, source: ClientReader, seconds: float, *, is_expected: bool) -> None:
        self._framing = framing
        self._source = source
        self._seconds = seconds
        self._is_held_back = is_expected
        self._has_begun = self._is_over = self._is_broken = False

    @property
    def owed(self) -> float:
        """Bytes that may still come; infinite if unknown."""
        if self._is_held_back or self._is_broken:
            return math.inf
        return 0 if self._is_over else getattr(self._framing, "length", math.inf)

    def is_not_worth_skipping(self) -> bool:
        return self.owed > _WORTH_SKIPPING

    def read(self, size: int) -> bytes:
        """``size`` bytes, fewer only at the end. Raises TimeoutError or BrokenBody."""
        if not self._has_begun:
            self._begin()
        due = min(size, getattr(self._framing, "length", 0))
        try:
            data: bytes = self._framing.read(size)
            if len(data) < due:
                raise BrokenBody
        except (OSError, ParseException) as exc:
            self._is_broken = True
            raise exc if isinstance(exc, (TimeoutError, BrokenBody)) else BrokenBody from exc
        self._is_over = len(data) < size
        return data

    def _begin(self) -> None:
        self._has_begun = True
        self._source.allow(self._seconds)
        if self._is_held_back:
            self._is_held_back = False
            self._source.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
