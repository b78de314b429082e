"""What all calls share is prepared once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Request
from requests.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Mapping


class TemplatedRequest(PreparedRequest):
    """``parts`` are its head and body in bytes.

    They are None once somebody has asked for ``headers``, which may be changed.
    """

    _body_position = None
    _cookies = None

    def __init__(self, template: RequestTemplate, path: str, body: bytes, own: Mapping[str, str], head: bytes) -> None:
        # The other attributes of the base class are the properties below.
        self.method = template.method
        self.body = body
        self.parts: tuple[bytes, bytes] | None = (head, body)
        self._template = template
        self._path = path
        self._own = own

    @cached_property
    def url(self) -> str:  # type: ignore[override]  # a cached property can be read and set like the attribute
        return self._template.url + self._path

    @cached_property
    def headers(self) -> CaseInsensitiveDict[str | bytes]:  # type: ignore[override]  # as above
        """All but ``Host``, which each adapter adds."""
        self.parts = None
        headers: dict[str, str | bytes] = {**self._template.headers, **self._own}
        return CaseInsensitiveDict({**headers, "Content-Length": str(len(self.body or b""))})

    @cached_property
    def hooks(self) -> dict[str, list[Any]]:
        return {"response": []}


class RequestTemplate:
    """``base_url`` is an http(s) URL without user, query or fragment.

    Raises ValueError for any other, and for HEAD and CONNECT.
    """

    __slots__ = ("_lines", "_start", "headers", "method", "url")

    def __init__(self, method: str, base_url: str, headers: Mapping[str, str]) -> None:
        whole = Request(method, base_url, headers={"Accept-Encoding": "identity", **headers}).prepare()
        parts = urlsplit(whole.url or "")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("a base URL has no user, query or fragment")
        if whole.method in {"HEAD", "CONNECT"}:
            raise ValueError("answers to HEAD and CONNECT are framed in their own way")
        self.method = whole.method or method
        self.url = (whole.url or "").rstrip("/")
        self.headers = {str(name): str(value) for name, value in whole.headers.items() if name != "Content-Length"}
        self._start = f"{self.method} {parts.path.rstrip('/')}"
        self._lines = f" HTTP/1.1\r\nHost: {_authority(parts.scheme, parts.netloc)}\r\n{_lines(self.headers)}"

    def extended(self, headers: Mapping[str, str]) -> RequestTemplate:
        """A copy with more headers. Raises ValueError for a line break or NUL."""
        # A third of what `copy` costs, once a batch.
        longer = object.__new__(RequestTemplate)
        longer.method, longer.url, longer._start = self.method, self.url, self._start
        longer.headers = {**self.headers, **headers}
        longer._lines = self._lines + _lines(headers)
        return longer

    def prepare(self, path: str, body: bytes, headers: Mapping[str, str]) -> PreparedRequest:
        """``path`` starts with a slash and may have a query.

        Raises ValueError for CR, LF or NUL, a header outside latin-1, or a path outside visible ASCII.
        """
        if not path.isascii() or not path.isprintable() or " " in path:
            raise ValueError("a path is visible ASCII")
        head = f"{self._start}{path}{self._lines}{_lines(headers)}Content-Length: {len(body)}\r\n"
        return TemplatedRequest(self, path, body, headers, head.encode("latin-1"))


def _lines(headers: Mapping[str, str]) -> str:
    if not headers:
        return ""
    lines = "\r\n".join(map(": ".join, headers.items()))
    breaks = len(headers) - 1
    if lines.count("\r") != breaks or lines.count("\n") != breaks or "\0" in lines:
        raise ValueError("a header has a line break or NUL")
    return f"{lines}\r\n"


def _authority(scheme: str, netloc: str) -> str:
    """Without the scheme's own port (RFC 9110 section 7.2)."""
    return netloc.removesuffix(":443" if scheme == "https" else ":80")
