from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gunicorn import SERVER
from gunicorn.http.wsgi import STATUS_RE, Response
from gunicorn.util import http_date

from gateway.afterwards import AFTERWARDS
from gateway.serving import streamed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gateway.afterwards import Calls

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# To copy a larger body would take longer than to send the head alone.
_MOST_COPIED = 65_536
_OK = 200
# RFC 9110 sections 15.3.5 and 15.4.5.
_WITHOUT_BODY = (204, 304)
_LAST_CHUNK = b"0\r\n\r\n"
_LINE_END = "\r\n"
_END = "\r\n\r\n"
# Names that gunicorn takes, and no hop's own (RFC 9110 section 7.6.1).
_KNOWN = frozenset(
    {
        "Accept-Patch",
        "Age",
        "Allow",
        "Cache-Control",
        "Content-Language",
        "Content-Length",
        "Content-Type",
        "ETag",
        "Idempotency-Key",
        "Link",
        "Location",
        "Preference-Applied",
        "RateLimit",
        "RateLimit-Policy",
        "Retry-After",
        "Vary",
        "WWW-Authenticate",
        "X-Accel-Buffering",
        "X-Content-Type-Options",
        "X-Request-ID",
        "traceparent",
    }
)


class Dates:
    """The ``Date`` field of all answers of a second (RFC 9110 section 6.6.1)."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._second = -1
        self._text = ""

    def now(self) -> str:
        if (second := int(self._clock())) != self._second:
            self._second, self._text = second, http_date(second)
        return self._text


class ServerAnswer(Response):  # type: ignore[misc]  # gunicorn ships no types
    """The head leaves with the first bytes of the body, so that a client is woken once.

    ``ends``: the connection ends with it, as its head says.
    """

    # gunicorn sets these for each answer.
    status: str | None = None
    response_length: int | None = None
    sent = 0
    chunked = must_close = upgrade = _omits_body = _omits_body_warned = False
    headers_sent = False
    _streamed: streamed.Streamed | None = None
    _has_last_chunk = False
    version = SERVER
    ends = False
    _head = b""

    def __init__(self, request: Any, client: Any, config: Any, dates: Dates) -> None:
        self.req, self.sock, self.cfg = request, client, config
        self.headers: list[tuple[str, str]] = []
        self._dates = dates

    def send(self, application: Application, environ: dict[str, Any]) -> None:
        """Raises what the application raises, and OSError where the client left."""
        afterwards: Calls = []
        environ[AFTERWARDS] = afterwards
        try:
            self._send(application(environ, self.start_response), environ)
        finally:
            for call in afterwards:
                call()
            # A call may hold the environment, which holds this list: only the collector would free such a circle.
            afterwards.clear()

    def _send(self, parts: Iterable[bytes], environ: dict[str, Any]) -> None:
        if (marked := environ.get(streamed.KEY)) is not None:
            self._streamed = marked
            streamed.bound_unsent(self.sock)
        try:
            if type(parts) is list and self._is_whole(parts):
                self.send_headers()
                self._emit_body(parts[0])
            else:
                for part in parts:
                    self.write(part)
                self.close()
        finally:
            if hasattr(parts, "close"):
                parts.close()

    def start_response(
        self, status: str, headers: Sequence[tuple[str, str]], exc_info: Any = None
    ) -> Callable[..., Any]:
        code = _with_body(status)
        if not code or self.status is not None or self.req.method == "HEAD":
            write: Callable[..., object] = super().start_response(status, headers, exc_info)
            return write
        # One with a body. gunicorn would look whether it may have one.
        self.status, self.status_code = status, code
        self.process_headers(headers)
        self.chunked = self.is_chunked()
        begun: Callable[..., object] = self.write
        return begun

    def process_headers(self, headers: Sequence[tuple[str, str]]) -> None:
        if not _are_plain(headers):
            super().process_headers(headers)
            return
        self.headers += headers
        if (length := dict(headers).get("Content-Length")) is not None:
            self.response_length = int(length)

    def is_chunked(self) -> bool:
        return self.response_length is None and self.req.version > (1, 0) and not self._omits_body

    def send_headers(self) -> None:
        """Makes the head."""
        if self.headers_sent:
            return
        major, minor = self.req.version
        self.ends = self.should_close()
        fields = "\r\n".join(map(": ".join, self.headers))
        framing = "Transfer-Encoding: chunked\r\n" if self.chunked else ""
        self._head = (
            f"HTTP/{major}.{minor} {self.status}\r\nServer: {SERVER}\r\nDate: {self._dates.now()}\r\n"
            f"Connection: {'close' if self.ends else 'keep-alive'}\r\n{framing}{fields}{_END if fields else _LINE_END}"
        ).encode("latin-1")
        self.headers_sent = True

    def sendfile(self, _file: object) -> bool:
        """The file is written like any body."""
        return False

    def close(self) -> None:
        """Sends what is left: the head of an answer without a body, the last chunk of one in chunks."""
        if not self.headers_sent:
            self.send_headers()
        self._emit_head()
        if self.chunked and not self._has_last_chunk:
            self._send_all(_LAST_CHUNK)

    def _is_whole(self, parts: list[bytes]) -> bool:
        """As nearly every answer is."""
        return len(parts) == 1 and len(parts[0]) == self.response_length and not self._omits_body

    def _emit_body(self, data: bytes) -> None:
        end = b""
        if self.chunked:
            self._head += b"%X\r\n" % len(data)
            self._has_last_chunk = self._streamed is not None and self._streamed.is_last
            end = b"\r\n" + _LAST_CHUNK if self._has_last_chunk else b"\r\n"
        if len(data) > _MOST_COPIED:
            self._emit_head()
            self._send_all(data)
            if end:
                self._send_all(end)
        else:
            head, self._head = self._head, b""
            self._send_all(head + data + end)

    def _emit_head(self) -> None:
        head, self._head = self._head, b""
        if head:
            self._send_all(head)

    def _send_all(self, data: bytes) -> None:
        # Most answers leave at once; `sendall` of gevent asks the socket for its buffer's size before.
        sent = self.sock.send(data)
        if sent < len(data):
            self._send_rest(memoryview(data)[sent:])

    def _send_rest(self, rest: memoryview) -> None:
        # The socket gives each call the time for one answer, so of a stream the bound is one of progress.
        size = len(rest) if self._streamed is None else streamed.PIECE_BYTES
        for begin in range(0, len(rest), size):
            self.sock.sendall(rest[begin : begin + size])


@lru_cache(64)
def _with_body(status: str) -> int:
    """The code of a status line whose answer may have a body, else 0."""
    code = int(status[:3]) if STATUS_RE.fullmatch(status) else 0
    return code if code >= _OK and code not in _WITHOUT_BODY else 0


def _are_plain(headers: Sequence[tuple[str, str]]) -> bool:
    """All of them at once: a look at each costs ten times as much."""
    try:
        names, values = zip(*headers, strict=True)
        text = "".join(values)
    except (TypeError, ValueError):
        return False
    return _KNOWN.issuperset(names) and text.isascii() and text.isprintable()
