"""Heads of answers that the parser has read before.

The answers of a core differ in their ``Content-Length``, once a second in ``Date``, and in nothing else of their heads.
So what the parser made of such a head holds for all that are like it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from legacy_client.transport.hub.headers import KnownHeaders
from legacy_client.transport.hub.whole_response import WholeResponse

if TYPE_CHECKING:
    from requests import PreparedRequest

    # Status, and values of headers that were asked for.
    Known = tuple[int, dict[str, str | None]]

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
# Statuses that have no content whatever their head says (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5).
_WITHOUT_CONTENT = (204, 205, 304)
_MAX_HEAD_BYTES = 2048
_MAX_HEADS = 32
# So often those must have been met again before they make room for others.
_USEFUL_HITS = 128
_UNLEARNED = 1000


class KnownHeads:
    """For all connections to one core. It knows 32 heads of at most 2 KiB."""

    def __init__(self, max_bytes: int) -> None:
        """``max_bytes`` bounds content."""
        self.max_bytes = max_bytes
        # Head without its Content-Length → what it means.
        self._known: dict[bytes, Known] = {}
        # Content-Length up to its value, as this core writes it.
        self._mark = b""
        self._hits = _USEFUL_HITS
        self._to_skip = 0

    def answer(self, data: bytes, request: PreparedRequest) -> WholeResponse | None:
        """The answer that ``data`` is, if it is one whole answer with a known head."""
        if not self._known:
            return None
        end = data.find(_END)
        if end < 0:
            return None
        mark = self._mark
        at = data.find(mark, 0, end)
        if at < 0:
            return None
        begins = at + len(mark)
        ends = data.find(b"\r\n", begins)
        size = len(data) - end - len(_END)
        # Written rather than read: a length in any other form is for the parser.
        if data[begins:ends] != b"%d" % size or size > self.max_bytes:
            return None
        known = self._known.get(data[:at] + data[ends:end])
        if known is None:
            return None
        self._hits += 1
        return WholeResponse(request, known[0], KnownHeaders(data[:end], known[1]), data[end + len(_END) :])

    def learn(self, head: bytes, folded: bytes, status: int, size: int) -> None:
        """``head`` was read by the parser, with ``size`` bytes of content; another answer may follow.

        ``folded`` is ``head`` in lower case.
        """
        if self._to_skip:
            self._to_skip -= 1
            return
        at = folded.find(_LENGTH)
        begins = at + len(_LENGTH)
        if at < 0 or len(head) > _MAX_HEAD_BYTES or status in _WITHOUT_CONTENT:
            return
        if head[begins : begins + 1] == b" ":
            begins += 1
        ends = head.find(b"\r\n", begins)
        if ends < 0:
            ends = len(head)
        if head[begins:ends] != b"%d" % size or folded.find(_LENGTH, ends) >= 0:
            return
        mark, key = head[at:begins], head[:at] + head[ends:]
        # One that came in several reads is met here each time.
        if mark == self._mark and key in self._known:
            return
        if mark != self._mark or len(self._known) >= _MAX_HEADS:
            if not self._makes_room():
                return
            self._mark = mark
        self._known[key] = status, {}

    def _makes_room(self) -> bool:
        """False if nothing is to be learned for a while."""
        is_useful = self._hits >= _USEFUL_HITS
        self._hits = 0
        self._known.clear()
        # Where each answer has a name of its own in its head, to learn them costs and gains nothing.
        self._to_skip = 0 if is_useful else _UNLEARNED
        return is_useful
