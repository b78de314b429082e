from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import (
    InvalidHeader,
    InvalidRequestLine,
    LimitRequestHeaders,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request

from gateway.serving.authority import authority_of, is_host
from gateway.serving.chunks import ChunkedBody
from gateway.serving.fields import RepeatedField, check_single
from gateway.serving.partial_head import PartialHead, values_in
from gateway.serving.plain_fields import variable_of
from gateway.serving.reading import BodyReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.serving.reading import ClientReader

# The fields of a head together; gunicorn would allow each its largest size.
_HEAD_BYTES = 65_536


class HeadTimeout(ParseException):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(self, head: PartialHead) -> None:
        super().__init__()
        self.head = head


class ClientRequest(Request):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's parser with our own bounds. ``body_seconds`` bounds the body.

    ``is_last``: the answer ends the connection.
    """

    _expected_100_continue: bool
    headers: list[tuple[str, str]]
    limit_request_fields: int
    limit_request_field_size: int
    max_buffer_headers: int
    method: str | None
    uri: str
    scheme: str
    version: tuple[int, int]

    def __init__(self, *parsed: Any, body_seconds: float, is_last: Callable[[], bool]) -> None:
        self._body_seconds = body_seconds
        self._ask_whether_last = is_last
        self._is_last: bool | None = None
        self._began = time.perf_counter()
        self._method_read = ""
        self._lines = bytearray()
        # The base class reads and parses here.
        try:
            super().__init__(*parsed)
        except ParseException as exc:
            exc.head = self.head_so_far()
            raise
        except TimeoutError as exc:
            raise HeadTimeout(self.head_so_far()) from exc
        self._lines = bytearray()

    def head_so_far(self) -> PartialHead:
        """For the refusal of this request."""
        host = self._only("Host")
        return PartialHead(
            method=self._method_read,
            scheme=self.scheme,
            host=host if is_host(host) else "",
            request_id=self._only("X-Request-ID"),
            began=self._began,
        )

    def _only(self, name: str) -> str:
        """Empty if there is not exactly one field."""
        values = [value for known, value in self.headers if known == name.upper()] or values_in(self._lines, name)
        return values[0] if len(values) == 1 else ""

    def parse(self, unreader: ClientReader) -> bytes:
        """Gives what was read beyond the head."""
        # The last read of a head may bring the beginning of a body.
        self.max_buffer_headers = min(self.max_buffer_headers, _HEAD_BYTES + unreader.mxchunk)
        beyond: bytes = super().parse(unreader)
        return beyond

    def read_line(self, unreader: ClientReader, buf: bytearray, limit: int = 0) -> tuple[bytes, bytearray]:
        """Gives the lines after it, too."""
        line, self._lines = super().read_line(unreader, buf, limit)
        # What is read later is appended to these.
        return line, self._lines

    def read_into(self, unreader: ClientReader, buf: bytearray, stop: bool = False) -> None:
        super().read_into(unreader, buf, stop)
        # gunicorn would copy and search everything after each read.
        seen = 0
        while self.method is not None and self._may_go_on(buf, seen):
            seen = len(buf)
            super().read_into(unreader, buf)

    def _may_go_on(self, fields: bytearray, seen: int) -> bool:
        is_whole = fields.startswith(b"\r\n") or fields.find(b"\r\n\r\n", max(0, seen - 3)) >= 0
        has_bare_feed = fields.count(b"\n", seen) > fields.count(b"\r\n", max(0, seen - 1))
        return not is_whole and not has_bare_feed and len(fields) <= self.max_buffer_headers

    def parse_request_line(self, line_bytes: bytes) -> None:
        super().parse_request_line(line_bytes)
        # What is no request line may be a part of a body, and is not logged.
        self._method_read = self.method or ""
        # RFC 9112 section 3.2: a target has no fragment; gunicorn would cut it off.
        if "#" in self.uri:
            raise InvalidRequestLine(self.uri)
        # RFC 9110 section 2.5: a later 1.x is treated as 1.1.
        self.version = min(self.version, (1, 1))

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> list[tuple[str, str]]:
        """Of a head or a trailer section."""
        # gunicorn parses all lines before it counts them.
        if data.count(b"\n") >= self.limit_request_fields:
            raise LimitRequestHeaders("too many fields")
        try:
            fields: list[tuple[str, str]] = super().parse_headers(data, from_trailer)
        except InvalidHeader as exc:
            # gunicorn hands in the request only where a field came twice.
            if exc.req is not None:
                raise RepeatedField(exc.hdr) from exc
            raise
        return fields

    def set_body_reader(self) -> None:
        # gunicorn calls this at the end of the head.
        self._settle_host()
        check_single(self.headers)
        super().set_body_reader()
        # RFC 9112 section 6.1; gunicorn accepts unknown codings before chunked.
        codings = [value for name, value in self.headers if name == "TRANSFER-ENCODING"]
        if codings and codings[0].lower() != "chunked":
            raise UnsupportedTransferCoding(codings[0])
        # RFC 9112 section 9.6; gunicorn looks at the first Connection field only.
        options = ",".join(value for name, value in self.headers if name == "CONNECTION").lower().split(",")
        self._asks_to_close = any(option.strip(" \t") == "close" for option in options)
        # The first read asks for the body; gunicorn would ask before the credentials are checked.
        is_expected, self._expected_100_continue = self._expected_100_continue, False
        framing = ChunkedBody(self.unreader, self._check_trailers) if codings else self.body.reader
        self.incoming = BodyReader(framing, self.unreader, self._body_seconds, is_expected=is_expected)
        self.body.reader = self.incoming

    def should_close(self) -> bool:
        # The answer's head asks first, and the parser must say the same (RFC 9112 section 9.3).
        if self._is_last is None:
            self._is_last = self._ask_whether_last()
        return (
            self._is_last
            or self._asks_to_close
            or self.incoming.is_not_worth_skipping()
            or bool(super().should_close())
        )

    @property
    def owed(self) -> float:
        """Bytes of the body that may still come; infinite if unknown."""
        return self.incoming.owed

    @property
    def fields(self) -> dict[str, str]:
        """By their variables (PEP 3333). Repeated ones are joined with commas."""
        fields: dict[str, str] = {}
        for name, value in self.headers:
            variable = variable_of(name)
            fields[variable] = f"{fields[variable]},{value}" if variable in fields else value
        return fields

    def _settle_host(self) -> None:
        """From Host or the target (RFC 9112 section 3.2)."""
        # gunicorn accepts a missing or malformed Host.
        hosts = [value for name, value in self.headers if name == "HOST"]
        if (not hosts and self.version >= (1, 1)) or not all(map(is_host, hosts)):
            raise InvalidHeader("HOST", req=self)
        if "://" in self.uri and not self.uri.startswith("/"):
            self._take_host_of_target()

    def _take_host_of_target(self) -> None:
        # RFC 9112 section 3.2.2: the target rules over Host.
        authority = authority_of(self.uri)
        if authority is None or not is_host(authority):
            raise InvalidRequestLine(self.uri)
        self.headers = [("HOST", authority), *((name, value) for name, value in self.headers if name != "HOST")]

    def _check_trailers(self, lines: bytes) -> None:
        self.parse_headers(lines, from_trailer=True)
