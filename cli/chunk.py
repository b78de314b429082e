"""A chunk: the rows that one request carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.outcome import Failure


class Span(NamedTuple):
    """Rows that are still to be cut.

    ``start`` and ``end`` are bytes of the input; an ``end`` of None is that of the input. ``first`` is the index of the
    first item, ``line`` the number of its row. ``without`` are indexes of items that the gateway found invalid.
    """

    start: int
    end: int | None
    first: int
    line: int
    without: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What is fixed before it is sent: bytes ``start`` to ``end`` of the input as ``count`` items under one ``key``.

    ``next_line`` is the number of the row after it. ``sha256`` is that of the body. ``cut_at`` is in seconds since 1970.
    ``without`` are indexes of items of the range that are left out.
    """

    number: int
    start: int
    end: int
    first: int
    line: int
    next_line: int
    count: int
    key: str
    sha256: str
    cut_at: float
    without: tuple[int, ...] = ()

    @property
    def sent(self) -> int:
        """How many items the body has."""
        return self.count - len(self.without)

    @property
    def span(self) -> Span:
        return Span(self.start, self.end, self.first, self.line, frozenset(self.without))


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of a chunk. ``final``: asking again cannot tell more."""

    failures: Sequence[Failure]
    final: bool
