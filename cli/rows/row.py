"""A row of the input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cli.problem import Problem

MAX_ROW_BYTES = 1_048_576
"""More than any valid row needs; a quote that is never closed ends here."""


class Row(NamedTuple):
    """One item. It stands at bytes ``start`` to ``end``; ``line`` is the number that people know it by.

    ``cells`` are the texts of a row of CSV. ``problems`` were found while it was read.
    """

    start: int
    end: int
    line: int
    item: Mapping[str, Any]
    cells: Sequence[str] = ()
    problems: Sequence[Problem] = ()


class Rows(Protocol):
    """An input that can be read again from any row."""

    label: str
    """What one row is called: ``row`` or ``line``."""
    start: int
    """The byte of the first row."""
    first_line: int
    """The number of the first row."""

    def read(self, start: int, end: int | None, line: int) -> Iterator[Row]:
        """The rows from byte ``start`` to ``end``; that at ``start`` has the number ``line``.

        Raises Refused where it is no text of this form.
        """
        ...
