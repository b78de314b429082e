from __future__ import annotations

from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from legacy_client.errors import BadAnswer
from legacy_client.transport.base import is_identity
from legacy_client.transport.hub.headers import ResponseHeaders, mended
from legacy_client.transport.hub.whole_response import WholeResponse

if TYPE_CHECKING:
    from requests import PreparedRequest

    from legacy_client.transport.hub.known_heads import KnownHeads

_MAX_HEAD_BYTES = 65_536
_MAX_HEADERS = 100
# Each has three bytes at least, so that in a shorter head none need be counted.
_FEW_BYTES = 3 * _MAX_HEADERS
_END = b"\r\n\r\n"
_ENCODING = b"\r\ncontent-encoding:"
# What httptools says of a head that can be read all the same.
_MENDABLE = ("Content-Length", "whitespace after header value")
# Statuses after which the connection must not be used again (RFC 9110 sections 15.5.9 and 15.5.20).
_LAST = (408, 421)


class ResponseReader:
    """The parser calls the methods ``on_…``.

    ``keeps_alive``: another request may follow. Not after ``Connection: close``, nor after a byte too many.
    """

    __slots__ = (
        "_content",
        "_heads",
        "_interim",
        "_max_bytes",
        "_parser",
        "_received",
        "_start",
        "_status",
        "complete",
        "keeps_alive",
        "on_body",
    )
    # Compiled, a class says what may be deleted.
    __deletable__ = ("_parser",)

    def __init__(self, heads: KnownHeads) -> None:
        self._max_bytes = heads.max_bytes
        self._heads = heads
        self._start: list[bytes] = []
        self._content: list[bytes] = []
        # The parser calls the list itself. It gives content without chunk framing.
        self.on_body = self._content.append
        self._parser = self._new_parser()
        self._status = self._interim = self._received = 0
        self.complete = False
        self.keeps_alive = True

    def whole(self, data: bytes, request: PreparedRequest) -> WholeResponse | None:
        """The answer, if ``data`` is all of one with a head that is known. Otherwise ``data`` must be fed."""
        return None if self._start else self._heads.answer(data, request)

    def feed(self, data: bytes) -> bool:
        """True when the response is complete. Raises BadAnswer."""
        if self._received <= _MAX_HEAD_BYTES:
            self._start.append(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as exc:
            if self.complete:
                self.keeps_alive = False
            else:
                self._read_anew(exc)
        if not self.complete:
            self._bound(len(data))
        return self.complete

    def end(self) -> bool:
        """The core closed its side. True when that completes the response (RFC 9112 section 6.3, rule 8)."""
        head, is_whole = self._head()
        folded = head.lower()
        is_framed = b"\r\ncontent-length:" in folded or b"\r\ntransfer-encoding:" in folded
        if not self.complete and is_whole and not is_framed:
            self.on_message_complete()
        self.keeps_alive = False
        return self.complete

    def take(self, request: PreparedRequest) -> WholeResponse:
        """Raises BadAnswer if it is too large or encoded."""
        (head, is_whole), content = self._head(), b"".join(self._content)
        self._start.clear()
        self._content.clear()
        self._interim = self._received = 0
        self.complete = False
        if not is_whole or _is_huge(head) or len(content) > self._max_bytes:
            raise BadAnswer("too large")
        folded = head.lower()
        headers = ResponseHeaders(head, folded)
        # Half of what ``in`` costs.
        if folded.find(_ENCODING) >= 0 and not is_identity(headers.get("Content-Encoding")):
            raise BadAnswer("encoded although asked for identity")
        if self.keeps_alive:
            self._heads.learn(head, folded, self._status, len(content))
        return WholeResponse(request, self._status, headers, content)

    def drop(self) -> None:
        # The parser refers back to this reader. Megabytes would wait for the garbage collector.
        del self._parser
        self._start.clear()
        self._content.clear()

    def _read_anew(self, error: Exception) -> None:
        """From a mended head. Raises BadAnswer where that is no use."""
        head, is_whole = self._head()
        whole = mended(head)
        if not any(fault in str(error) for fault in _MENDABLE) or (is_whole and whole == head):
            self.keeps_alive = False
            raise BadAnswer(f"not HTTP: {error}") from error
        if not is_whole:
            return
        received = b"".join(self._start)
        self._start[:] = [whole + received[received.index(head) + len(head) :]]
        self._interim = 0
        self._parser = self._new_parser()
        try:
            self._parser.feed_data(self._start[0])
        except (HttpParserError, HttpParserUpgrade) as exc:
            self.keeps_alive = False
            if not self.complete:
                raise BadAnswer(f"not HTTP: {exc}") from exc

    def _new_parser(self) -> HttpResponseParser:
        parser = HttpResponseParser(self)
        # RFC 9112 section 7.1.1 lets blanks stand before an extension, and old servers pad sizes.
        parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)
        return parser

    def _bound(self, received: int) -> None:
        self._received += received
        head, is_whole = self._head()
        if head.count(b"\r\n") > _MAX_HEADERS:
            raise BadAnswer("too large")
        # Chunk framing and trailers count too, so this bound is wider than the one on content.
        most = _MAX_HEAD_BYTES + (2 * self._max_bytes if is_whole else 0)
        if self._received > most:
            raise BadAnswer("too large")

    def _head(self) -> tuple[bytes, bool]:
        """As far as it is read, and whether that is all."""
        rest = b"".join(self._start)
        for _ in range(self._interim):
            rest = rest.lstrip(b"\r\n").partition(_END)[2]
        # The parser lets blank lines stand before a status line.
        if rest.startswith((b"\r", b"\n")):
            rest = rest.lstrip(b"\r\n")
        end = rest.find(_END)
        return (rest[:end], True) if end >= 0 else (rest, False)

    def on_message_begin(self) -> None:
        if self.complete:
            raise BadAnswer("bytes after the answer")

    def on_message_complete(self) -> None:
        """Also called after an interim response (1xx)."""
        status = self._parser.get_status_code()
        if status < 200:
            self._interim += 1
            return
        self._status = status
        self.keeps_alive = self._parser.should_keep_alive() and status not in _LAST
        self.complete = True


def _is_huge(head: bytes) -> bool:
    return len(head) > _FEW_BYTES and (len(head) > _MAX_HEAD_BYTES or head.count(b"\r\n") > _MAX_HEADERS)
