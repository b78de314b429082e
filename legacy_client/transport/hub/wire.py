from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from legacy_client.templated_request import TemplatedRequest

if TYPE_CHECKING:
    from requests import PreparedRequest

# Their answers are framed in another way (RFC 9112 section 6.3), and the core's contract has neither.
_OTHER_FRAMING = frozenset({"HEAD", "CONNECT"})
_OWN_HEADERS = frozenset({"host", "accept-encoding", "content-length", "transfer-encoding"})


class Origin:
    """Raises ValueError for anything but an http(s) URL."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an http:// or https:// URL")
        self.is_secure = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.is_secure else 80)

    def holds(self, url: str) -> bool:
        other = Origin(url)
        return (other.is_secure, other.host, other.port) == (self.is_secure, self.host, self.port)


class Wire:
    """``deadline_header``, if not empty, carries the milliseconds left."""

    def __init__(self, origin: Origin, deadline_header: str) -> None:
        self._origin = origin
        self._has_deadline = bool(deadline_header)
        self._format = b"%b" + deadline_header.encode("latin-1").replace(b"%", b"%%") + b": %d\r\n\r\n%b"

    def serialise(self, request: PreparedRequest, seconds_left: float) -> bytes:
        """Raises ValueError for another origin."""
        parts = request.parts if type(request) is TemplatedRequest else None
        head, body = parts or self._parts(request)
        if self._has_deadline:
            return self._format % (head, seconds_left * 1000, body)
        return b"%b\r\n%b" % (head, body)

    def _parts(self, request: PreparedRequest) -> tuple[bytes, bytes]:
        body = _body(request)
        url = request.url or ""
        if not self._origin.holds(url) or request.method in _OTHER_FRAMING:
            raise ValueError("not a request for this transport")
        own = {"Host": urlsplit(url).netloc.rpartition("@")[2], "Accept-Encoding": "identity"}
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN_HEADERS}
        lines = [f"{request.method} {request.path_url} HTTP/1.1"]
        lines += [
            f"{name}: {_text(value)}" for name, value in {**own, **headers, "Content-Length": str(len(body))}.items()
        ]
        if any(mark in line for line in lines for mark in "\r\n\0"):
            raise ValueError("a line break or NUL in the head")
        return "".join([f"{line}\r\n" for line in lines]).encode("latin-1"), body


def _body(request: PreparedRequest) -> bytes:
    body = request.body
    if isinstance(body, str):
        return body.encode()
    if body is None or isinstance(body, bytes):
        return body or b""
    raise ValueError("a body must be bytes, text or absent")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
