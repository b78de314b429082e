"""What all calls share is prepared once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests import Request

from legacy_client.templated_request import TemplatedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest


class RequestTemplate:
    """``url`` ends without a slash. ``start`` and ``lines``: what stands before and behind a call's path in its head."""

    __slots__ = ("_lines", "_start", "headers", "method", "url")

    def __init__(self, method: str, url: str, headers: Mapping[str, str], start: str, lines: str) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self._start = start
        self._lines = lines

    @staticmethod
    def of(method: str, base_url: str, headers: Mapping[str, str]) -> RequestTemplate:
        """``base_url`` is an http(s) URL without user, query or fragment.

        Raises ValueError for any other, and for HEAD and CONNECT.
        """
        whole = Request(method, base_url, headers={"Accept-Encoding": "identity", **headers}).prepare()
        parts = urlsplit(whole.url or "")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("a base URL has no user, query or fragment")
        if whole.method in {"HEAD", "CONNECT"}:
            raise ValueError("answers to HEAD and CONNECT are framed in their own way")
        shared = {str(name): str(value) for name, value in whole.headers.items() if name != "Content-Length"}
        name = whole.method or method
        lines = f" HTTP/1.1\r\nHost: {_authority(parts.scheme, parts.netloc)}\r\n{_lines(shared)}"
        return RequestTemplate(name, (whole.url or "").rstrip("/"), shared, f"{name} {parts.path.rstrip('/')}", lines)

    def extended(self, headers: Mapping[str, str]) -> RequestTemplate:
        """A copy with more headers. Raises ValueError for a line break or NUL."""
        lines = self._lines + _lines(headers)
        return RequestTemplate(self.method, self.url, {**self.headers, **headers}, self._start, lines)

    def prepare(self, path: str, body: bytes, headers: Mapping[str, str]) -> PreparedRequest:
        """``path`` starts with a slash and may have a query.

        Raises ValueError for CR, LF or NUL, a header outside latin-1, or a path outside visible ASCII.
        """
        if not path.isascii() or not path.isprintable() or " " in path:
            raise ValueError("a path is visible ASCII")
        head = f"{self._start}{path}{self._lines}{_lines(headers)}Content-Length: {len(body)}\r\n"
        return TemplatedRequest(self, path, body, headers, head.encode("latin-1"))


def _lines(headers: Mapping[str, str]) -> str:
    lines = ""
    for name, value in headers.items():
        line = f"{name}: {value}"
        # Cheap, and true of all that callers send in practice.
        if not line.isprintable() and ("\r" in line or "\n" in line or "\0" in line):
            raise ValueError("a header has a line break or NUL")
        lines += f"{line}\r\n"
    return lines


def _authority(scheme: str, netloc: str) -> str:
    """Without the scheme's own port (RFC 9110 section 7.2)."""
    return netloc.removesuffix(":443" if scheme == "https" else ":80")
