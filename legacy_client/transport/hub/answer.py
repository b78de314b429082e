"""From the bytes of a connection to one lean ``requests.Response`` at a time; framing is httptools' (llhttp)."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from http.client import responses
from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from requests import Response
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from legacy_client.errors import BadAnswer

if TYPE_CHECKING:
    from requests import PreparedRequest

_MAX_HEAD_BYTES = 65_536
_MAX_HEADERS = 100
_IDENTITY = (None, b"", b"identity")


class AnswerHeaders(CaseInsensitiveDict[str]):
    """Headers by lower-case name; nothing is decoded until somebody asks."""

    def __init__(self, raw: dict[bytes, bytes]) -> None:
        self._raw = raw

    @cached_property
    def _store(self) -> dict[str, tuple[str, str]]:
        names = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._raw.items()}
        return {name: (name, value) for name, value in names.items()}

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # text is all there is
        """The value of one header, combined with ``, `` where it came more than once (RFC 9110 section 5.3)."""
        if "_store" in self.__dict__:
            return super().get(name, default)
        value = self._raw.get(name.lower().encode())
        return default if value is None else value.decode("latin-1")


class Answer(Response):
    """A whole response of the core; what nobody on the hot path reads is made on demand."""

    _content_consumed = True
    _next = None
    raw = None
    elapsed = timedelta(0)

    def __init__(self, request: PreparedRequest, status: int, headers: dict[bytes, bytes], content: bytes) -> None:
        # The base class's attributes that are missing here are class attributes above or properties below.
        self.request = request
        self.status_code = status
        # Each answer's type is read, and a property made on demand would cost more than the view.
        self.headers = AnswerHeaders(headers)
        self._content = content

    @cached_property
    def url(self) -> str:  # type: ignore[override]  # can be read and set like the attribute
        """Where the request went."""
        return self.request.url or ""

    @cached_property
    def reason(self) -> str:  # type: ignore[override]  # as above
        """The status' usual phrase; the core's own is not kept."""
        return responses.get(self.status_code, "")

    @cached_property
    def encoding(self) -> str | None:  # type: ignore[override]  # as above
        """The charset that the headers name."""
        return get_encoding_from_headers(self.headers)

    @cached_property
    def cookies(self) -> RequestsCookieJar:  # type: ignore[override]  # as above
        """Always empty: no cookie of the core is kept."""
        return RequestsCookieJar()

    @cached_property
    def history(self) -> list[Response]:  # type: ignore[override]  # as above
        """Always empty: redirects are not followed."""
        return []


class AnswerReader:
    """Reads the answers of one connection, one after another. ``feed`` and ``end`` say when one is complete.

    ``keeps_alive`` tells, after an answer, whether the connection may carry another request: not after
    ``Connection: close``, and not when so much as one byte followed the answer.
    """

    __slots__ = (
        "_content",
        "_headers",
        "_is_head",
        "_max_bytes",
        "_parser",
        "_received",
        "_status",
        "complete",
        "keeps_alive",
    )

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parser = HttpResponseParser(self)
        self._headers: dict[bytes, bytes] = {}
        self._content: list[bytes] = []
        self._status = 0
        self._received = 0
        self._is_head = True
        self.complete = False
        self.keeps_alive = True

    def feed(self, data: bytes) -> bool:
        """Take what was read; True when the answer is complete. Raises BadAnswer."""
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as exc:
            self.keeps_alive = False
            if not self.complete:
                raise BadAnswer(f"not HTTP: {exc}") from exc
        if not self.complete:
            self._bound(len(data))
        return self.complete

    def end(self) -> bool:
        """The core closed its side; True when that completes the answer (RFC 9112 section 6.3, rule 8)."""
        framed = b"content-length" in self._headers or b"transfer-encoding" in self._headers
        if not self.complete and not self._is_head and not framed:
            self.on_message_complete()
        self.keeps_alive = False
        return self.complete

    def take(self, request: PreparedRequest) -> Answer:
        """The complete answer; the reader is ready for the next. Raises BadAnswer if it is too large or encoded."""
        headers, parts = self._headers, self._content
        content = parts[0] if len(parts) == 1 else b"".join(parts)
        self.complete = False
        # What came in one read is small anyway.
        is_huge = self._received > 0 and sum(map(len, headers.values())) > _MAX_HEAD_BYTES
        self._received = 0
        if is_huge or len(content) > self._max_bytes or len(headers) > _MAX_HEADERS:
            raise BadAnswer("too large")
        if headers.get(b"content-encoding") not in _IDENTITY:
            raise BadAnswer("encoded although asked for identity")
        return Answer(request, self._status, headers, content)

    def drop(self) -> None:
        """Let go of what was read, and of the parser, which refers back to this: megabytes must not wait for the collector."""
        del self._parser
        self._content = []

    def _bound(self, received: int) -> None:
        # Chunk framing and trailers count too, so the bound on bytes read is wider than the one on content.
        self._received += received
        most = _MAX_HEAD_BYTES if self._is_head else 2 * self._max_bytes + _MAX_HEAD_BYTES
        if self._received > most or len(self._headers) > _MAX_HEADERS:
            raise BadAnswer("too large")

    def on_message_begin(self) -> None:
        """A new status line; an error after the answer that was asked for, expected after an interim one (1xx)."""
        if self.complete:
            raise BadAnswer("bytes after the answer")
        self._headers = {}
        self._content = []
        self._is_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line or trailer."""
        name = name.lower()
        if name in self._headers:
            value = self._headers[name] + b", " + value
        self._headers[name] = value

    def on_headers_complete(self) -> None:
        """The blank line."""
        self._is_head = False

    def on_body(self, part: bytes) -> None:
        """Content, without its chunk framing."""
        self._content.append(part)

    def on_message_complete(self) -> None:
        """The end of an answer, or of an interim one, which is dropped."""
        self._status = self._parser.get_status_code()
        if self._status >= 200:
            self.keeps_alive = self._parser.should_keep_alive()
            self.complete = True
