from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.serving.broken_body import BrokenBody, SmallChunks

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.serving.reading import ClientReader

# Framing costs time to read. It may take so many bytes, and a quarter of the body.
_FREE_FRAMING = 16_384
_BODY_PER_FRAMING = 4
_LINE_BYTES = 8190
_TRAILER_BYTES = 65_536
_LINE_END = b"\r\n"
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_EXTENSION = rb"[ \t]*;[ \t]*" + _TOKEN + rb"(?:[ \t]*=[ \t]*(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?"
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]+)(?:" + _EXTENSION + rb")*\r\n")


class ChunkedBody:
    """RFC 9112 section 7.1. ``check_trailers`` gets the trailer section and may raise."""

    def __init__(self, source: ClientReader, check_trailers: Callable[[bytes], object]) -> None:
        self._source = source
        self._check_trailers = check_trailers
        self._data, self._at = b"", 0
        self._left = 0  # of the chunk that is being read
        self._is_over = False
        self._spare = _FREE_FRAMING * _BODY_PER_FRAMING

    def read(self, size: int) -> bytes:
        """``size`` bytes, fewer only at the end. Raises BrokenBody or TimeoutError."""
        parts: list[bytes] = []
        wanted = size
        while wanted and (self._left or self._begin_chunk()):
            parts.append(self._take(wanted))
            wanted -= len(parts[-1])
            if not self._left:
                wanted -= self._take_whole_chunks(parts, wanted)
        return b"".join(parts)

    def _begin_chunk(self) -> bool:
        """False at the end of the body."""
        if not self._is_over:
            self._await_line()
            line = _SIZE_LINE.match(self._data, self._at)
            if line is None:
                raise BrokenBody
            self._left = int(line[1], 16)
            self._pass(line.end() - self._at)
            if not self._left:
                self._end()
        return not self._is_over

    def _take(self, most: int) -> bytes:
        """As many bytes as there are."""
        if self._at == len(self._data):
            self._data, self._at = self._more(self._left), 0
        part = self._data[self._at : self._at + min(most, self._left)]
        self._at += len(part)
        self._left -= len(part)
        self._spare += len(part)
        if not self._left:
            self._end_chunk()
        return part

    def _take_whole_chunks(self, parts: list[bytes], most: int) -> int:
        """Small chunks that have arrived. Gives the number of bytes."""
        data, at, spare, taken = self._data, self._at, self._spare, 0
        while (line := _SIZE_LINE.match(data, at)) is not None:
            begin = line.end()
            end = begin + int(line[1], 16)
            if begin == end or taken + end - begin > most or data[end : end + 2] != _LINE_END:
                break
            parts.append(data[begin:end])
            taken += end - begin
            spare += end - begin - _BODY_PER_FRAMING * (begin - at + 2)
            at = end + 2
        self._at, self._spare = at, spare
        self._pass(0)
        return taken

    def _end_chunk(self) -> None:
        while len(self._data) - self._at < len(_LINE_END):
            self._data, self._at = self._data[self._at :] + self._more(), 0
        if not self._data.startswith(_LINE_END, self._at):
            raise BrokenBody
        self._pass(len(_LINE_END))

    def _pass(self, framing: int) -> None:
        self._at += framing
        self._spare -= _BODY_PER_FRAMING * framing
        if self._spare < 0:
            raise SmallChunks

    def _await_line(self) -> None:
        searched = self._at
        while self._data.find(_LINE_END, searched) < 0:
            if len(self._data) - self._at > _LINE_BYTES:
                raise BrokenBody
            searched = max(0, len(self._data) - self._at - 1)
            self._data, self._at = self._data[self._at :] + self._more(), 0

    def _end(self) -> None:
        """Gives back what follows the trailer section."""
        rest = bytearray(self._data[self._at :])
        seen = 0
        while not rest.startswith(_LINE_END) and rest.find(b"\r\n\r\n", max(0, seen - 3)) < 0:
            # With a bare line feed the expected end never comes.
            has_bare_feed = rest.count(b"\n", seen) > rest.count(_LINE_END, max(0, seen - 1))
            if has_bare_feed or len(rest) > _TRAILER_BYTES:
                raise BrokenBody
            seen = len(rest)
            rest += self._more()
        fields, _, beyond = (b"", b"", rest[2:]) if rest.startswith(_LINE_END) else rest.partition(b"\r\n\r\n")
        self._source.unread(bytes(beyond))
        self._is_over = True
        if fields:
            self._check_trailers(bytes(fields))

    def _more(self, most: int | None = None) -> bytes:
        """At most about ``most``."""
        data: bytes = self._source.read(None, read_ahead=most)
        if not data:
            raise BrokenBody
        return data
