"""The items of a large batch piece by piece: each is checked and let go of while a processor's cache holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.api.strict_json import parse_piece
from schemas.batches import BatchTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# As most programs write it, and as Python does unless it is told otherwise.
_WAYS = ((b'{"data":[{', b"},{"), (b'{"data": [{', b"}, {"))
_END = b"}]}"
# Parsed, some 300 KB: a third of what a cache of the second level holds. More are colder, and fewer are more often begun.
_PIECE = 24_576
# Longer ones hold others up, so they are left to the parse of a whole body, which counts values first.
_LONGEST = 65_536


class Unsure(Exception):
    """Only the whole body says what is wrong, if anything is."""


def pieces(
    body: bytes, most_items: int, when_too_many: Callable[[], None], let_others_run: Callable[[], None]
) -> Iterator[list[Any]]:
    """The entries of ``data``, some at a time, of a body that is strict JSON and holds nothing else.

    Raises Unsure, after many of them too: believe none before the end. Raises BatchTooLarge at the end for more than
    ``most_items``, after it has called ``when_too_many`` and given no more.
    """
    begin, between = _way(body)
    start, end, count = len(begin) - 1, len(body) - len(_END) + 1, 0
    while start < end:
        # Where this stands in a string or within an item, the piece is not JSON.
        found = body.find(between, start + _PIECE, end)
        stop = end if found < 0 else found + 1
        if stop - start > _LONGEST:
            raise Unsure
        # As deep as in the body. One array alone: a piece may end it and begin another.
        document = parse_piece(b"".join((b"[[", body[start:stop], b"]]")), let_others_run)
        if document is None or len(document) > 1:
            raise Unsure
        rows: list[Any] = document[0]
        if count <= most_items < count + len(rows):
            when_too_many()
        count += len(rows)
        if count <= most_items:
            yield rows
        let_others_run()
        start = stop + len(between) - 2
    if count > most_items:
        raise BatchTooLarge(count, most_items)


def _way(body: bytes) -> tuple[bytes, bytes]:
    """How it begins, and what stands between items."""
    for begin, between in _WAYS:
        if body.startswith(begin) and body.endswith(_END):
            return begin, between
    raise Unsure
