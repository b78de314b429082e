"""Rows → the body of a request, within the gateway's limits."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from cli.chunk import Chunk
from cli.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cli.chunk import Span
    from cli.limits import Limits
    from cli.rows.row import Rows

_HEAD, _TAIL = b'{"data":[', b"]}"
ENVELOPE = len(_HEAD) + len(_TAIL)
# Made once: json.dumps would make one for each item.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Body(NamedTuple):
    """``ids`` are those of the items that were sent, by their place in the chunk."""

    bytes: bytes
    ids: Mapping[int, str]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.bytes).hexdigest()


def item_bytes(item: Mapping[str, Any]) -> bytes:
    # A surrogate is told by the check; it must not end it.
    return _encode(item).encode("utf-8", "surrogatepass")


class Cutter:
    """``now`` gives seconds since 1970."""

    def __init__(self, rows: Rows, now: Callable[[], float]) -> None:
        self._rows = rows
        self._now = now

    def cut(self, number: int, span: Span, limits: Limits) -> tuple[Chunk, Body] | None:
        """The next chunk of a span, as large as the limits allow; None where no row is left in it."""
        parts: list[bytes] = []
        ids: dict[int, str] = {}
        size, count, end, line = ENVELOPE, 0, span.start, span.line
        for row in self._rows.read(span.start, span.end, span.line):
            left_out = span.first + count in span.without
            part = b"" if left_out else item_bytes(row.item)
            if parts and not left_out and (len(parts) >= limits.max_items or size + len(part) + 1 > limits.max_bytes):
                break
            if not left_out:
                parts.append(part)
                ids[count] = str(row.item.get("actionId", ""))
                size += len(part) + 1
            count, end, line = count + 1, row.end, row.line + 1
        if not count:
            return None
        body = Body(_HEAD + b",".join(parts) + _TAIL, ids)
        without = tuple(sorted(index for index in span.without if span.first <= index < span.first + count))
        return Chunk(
            number=number,
            start=span.start,
            end=end,
            first=span.first,
            line=span.line,
            next_line=line,
            count=count,
            key=str(uuid.uuid4()),
            sha256=body.sha256,
            cut_at=self._now(),
            without=without,
        ), body

    def body(self, chunk: Chunk) -> Body:
        """That of a chunk that was cut before. Raises Refused where it is not what it was."""
        parts, ids, without = [], {}, set(chunk.without)
        for place, row in enumerate(self._rows.read(chunk.start, chunk.end, chunk.line)):
            if chunk.first + place not in without:
                parts.append(item_bytes(row.item))
                ids[place] = str(row.item.get("actionId", ""))
        body = Body(_HEAD + b",".join(parts) + _TAIL, ids)
        if body.sha256 != chunk.sha256:
            raise Refused("the input is read differently from the run that was begun; --restart begins anew")
        return body
