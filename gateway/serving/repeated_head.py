"""A client repeats its head on a connection; only the length of the body differs."""

from __future__ import annotations

from gateway.serving.plain_head import PlainHead

_LENGTH = b"\r\ncontent-length:"
# What a connection at rest may keep. A larger head is read anew each time.
_MOST_BYTES = 4096
# A client that names each request in its head never repeats one.
_MOST_MISSES = 8


class RepeatedHead:
    """The last head of a connection, around the digits of its ``Content-Length``."""

    def __init__(self) -> None:
        self._before = self._after = b""
        self._most_digits = 0
        self._head: PlainHead | None = None
        self._misses = 0

    def read(self, data: bytes) -> PlainHead | None:
        """None where ``data`` begins with another head."""
        last = self._head
        if last is None or not data.startswith(self._before):
            return None
        begins = len(self._before)
        ends = data.find(b"\r\n", begins, begins + self._most_digits + 2)
        if ends < 0 or not data.startswith(self._after, ends):
            return None
        digits = data[begins:ends]
        if not digits.isdigit():
            return None
        if self._misses:
            self._misses -= 1
        length = digits.decode()
        fields = last.fields.copy()
        fields["CONTENT_LENGTH"] = length
        return PlainHead(last.method, last.target, fields, int(length), last.closes, ends + len(self._after))

    def learn(self, data: bytes, head: PlainHead) -> None:
        """``data`` begins with ``head``, which was read in full."""
        self._misses += 1
        self._head = None
        if self._misses > _MOST_MISSES or head.end > _MOST_BYTES or "CONTENT_LENGTH" not in head.fields:
            return
        at = data[: head.end].lower().find(_LENGTH) + len(_LENGTH)
        digits = head.fields["CONTENT_LENGTH"].encode()
        begins = data.find(digits, at)
        # A longer line might be over a bound.
        self._most_digits = len(digits)
        self._before, self._after = data[:begins], data[begins + len(digits) : head.end]
        self._head = head
