"""Reading from a client. Its rule: every read is bounded in time, and none keeps the loop from the others for long."""

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

# A client whose bytes are always there already is read for so long before others have a turn.
_SLICE_SECONDS = 0.002


class ClientReader(SocketUnreader):  # type: ignore[misc]  # gunicorn ships no types
    """Reads up to a point in time, however little each read brings; between reads the socket waits as long as for answers."""

    def __init__(self, client: socket.socket, answer_seconds: float, turns: LoopTurns) -> None:
        super().__init__(client)
        self._turns = turns
        self._slice_ends_at = -math.inf
        self._answer_seconds = answer_seconds
        self._ends_at = -math.inf
        client.settimeout(answer_seconds)

    def allow(self, seconds: float) -> None:
        """All reads from now on may take this long together."""
        now = time.monotonic()
        self._ends_at = now + seconds
        self._slice_ends_at = now + _SLICE_SECONDS

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes, empty at the end of the stream. Raises TimeoutError."""
        began = self._next_slice()
        left = self._ends_at - began
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        try:
            data: bytes = super().chunk(size_hint)
        finally:
            self.sock.settimeout(self._answer_seconds)
        if (now := time.monotonic()) - began > _SLICE_SECONDS / 2:  # It waited, and others had their turns.
            self._slice_ends_at = now + _SLICE_SECONDS
        return data

    def _next_slice(self) -> float:
        """Let others go first where this slice is over; the time now."""
        now = time.monotonic()
        if now > self._slice_ends_at:
            self._turns.wait()
            now = time.monotonic()
            self._slice_ends_at = now + _SLICE_SECONDS
        return now

    def has_buffered(self) -> bool:
        """Whether bytes that were read wait to be parsed."""
        return bool(self.buf.getbuffer().nbytes)


class BodyReader:
    """With the first read its time begins, and a client that waits to be asked for the body is asked.

    ``is_expected`` is true for a client that sent ``Expect: 100-continue``.
    """

    def __init__(self, framing: Any, source: ClientReader, seconds: float, *, is_expected: bool) -> None:
        self._framing = framing
        self._source = source
        self._seconds = seconds
        self._is_held_back = is_expected
        self._has_begun = self._is_over = self._is_broken = False

    @property
    def owed(self) -> float:
        """Bytes that may still come, infinite where nobody can know."""
        if self._is_held_back or self._is_broken:
            return math.inf
        return 0 if self._is_over else getattr(self._framing, "length", math.inf)

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
