"""Requests as clients send them: gunicorn's parser, with a bound in time on each part and a body that is read on demand."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import InvalidHeader, ParseException, UnsupportedTransferCoding
from gunicorn.http.message import Request
from gunicorn.http.unreader import SocketUnreader

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

# Of all fields of a head together, and of the trailers of a body: gunicorn would hold as much as all fields at their largest.
_HEAD_BYTES = 65_536
# An unread body up to this size is skipped, so that the connection can go on; a larger one ends it.
_WORTH_SKIPPING = 65_536


class HeadTimeout(ParseException):  # type: ignore[misc]  # gunicorn ships no types
    """A request began to arrive, and its head was not complete in time."""


class BrokenBody(OSError):
    """A body ended before its length, or its framing is wrong."""


class ClientReader(SocketUnreader):  # type: ignore[misc]  # gunicorn ships no types
    """Reads up to a point in time, however little each read brings; between reads the socket waits as long as for answers."""

    def __init__(self, client: socket.socket, answer_seconds: float) -> None:
        super().__init__(client)
        self._answer_seconds = answer_seconds
        self._ends_at = -math.inf
        client.settimeout(answer_seconds)

    def allow(self, seconds: float) -> None:
        """All reads from now on may take this long together."""
        self._ends_at = time.monotonic() + seconds

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes, empty at the end of the stream. Raises TimeoutError."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        try:
            data: bytes = super().chunk(size_hint)
        finally:
            self.sock.settimeout(self._answer_seconds)
        return data

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
            raise exc if isinstance(exc, TimeoutError) else BrokenBody from exc
        self._is_over = len(data) < size
        return data

    def _begin(self) -> None:
        self._has_begun = True
        self._source.allow(self._seconds)
        if self._is_held_back:
            self._is_held_back = False
            self._source.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


class ClientRequest(Request):  # type: ignore[misc]  # gunicorn ships no types
    """A request whose body has ``body_seconds``; where ``is_last`` says so, its answer ends the connection."""

    _expected_100_continue: bool
    max_buffer_headers: int
    method: str | None

    def __init__(self, *parsed: Any, body_seconds: float, is_last: Callable[[], bool]) -> None:
        self._body_seconds = body_seconds
        self._ask_whether_last = is_last
        self._is_last: bool | None = None
        # The base class reads and parses here.
        super().__init__(*parsed)

    def parse(self, unreader: ClientReader) -> bytes:
        """Read the head; what was read beyond it."""
        # The read that completes a head may bring the beginning of a body.
        self.max_buffer_headers = min(self.max_buffer_headers, _HEAD_BYTES + unreader.mxchunk)
        beyond: bytes = super().parse(unreader)
        return beyond

    def read_into(self, unreader: ClientReader, buf: bytearray, stop: bool = False) -> None:
        """Read more of the head: of its fields all, unless they are too long or wrong already."""
        super().read_into(unreader, buf, stop)
        # gunicorn copies and searches all that there is after each read, and keeps the copy while it waits for the next.
        seen = 0
        while self.method is not None and self._may_go_on(buf, seen):
            seen = len(buf)
            super().read_into(unreader, buf)

    def _may_go_on(self, fields: bytearray, seen: int) -> bool:
        is_whole = fields.startswith(b"\r\n") or fields.find(b"\r\n\r\n", max(0, seen - 3)) >= 0
        has_bare_feed = fields.count(b"\n", seen) > fields.count(b"\r\n", max(0, seen - 1))
        return not is_whole and not has_bare_feed and len(fields) <= self.max_buffer_headers

    def set_body_reader(self) -> None:
        """Called at the end of the head."""
        # RFC 9112 section 3.2; gunicorn refuses a second Host and lets a missing one through.
        if self.version >= (1, 1) and all(name != "HOST" for name, _ in self.headers):
            raise InvalidHeader("HOST", req=self)
        super().set_body_reader()
        # RFC 9112 section 6.1; gunicorn lets codings that it does not undo stand before chunked.
        codings = [value for name, value in self.headers if name == "TRANSFER-ENCODING"]
        if codings and codings[0].lower() != "chunked":
            raise UnsupportedTransferCoding(codings[0])
        # RFC 9112 section 9.6; gunicorn looks at the first Connection only, and for nothing beside "close".
        options = ",".join(value for name, value in self.headers if name == "CONNECTION").lower().split(",")
        self._asks_to_close = any(option.strip(" \t") == "close" for option in options)
        # The body is asked for by its first read, and not, as gunicorn would, before anybody looked at the credentials.
        is_expected, self._expected_100_continue = self._expected_100_continue, False
        self.incoming = BodyReader(self.body.reader, self.unreader, self._body_seconds, is_expected=is_expected)
        self.body.reader = self.incoming

    def should_close(self) -> bool:
        """Whether the answer says that the connection closes after it. Asked first by the answer's head, later by the parser."""
        # What the head said stays so: a client that was told that it may go on, may (RFC 9112 section 9.3).
        if self._is_last is None:
            self._is_last = self._ask_whether_last()
        return (
            self._is_last or self._asks_to_close or self.incoming.owed > _WORTH_SKIPPING or bool(super().should_close())
        )
