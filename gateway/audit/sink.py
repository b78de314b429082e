"""Where lines are kept, and what is said where they cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime


class AuditUnavailable(Exception):
    """``reason`` is for operators. ``written``: so many of the first lines are kept."""

    def __init__(self, reason: str, written: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.written = written


class Sink(Protocol):
    """Shared by the workers, each with its own."""

    def write(self, lines: Sequence[bytes]) -> None:
        """All of them. Raises AuditUnavailable, which says how many it wrote."""
        ...

    def newest(self, since: datetime | None = None) -> Iterator[bytes]:
        """Lines, newest first, and none from before ``since`` where that is cheap to know. Raises AuditUnavailable."""
        ...

    def close(self) -> None:
        """Lets go of what it opened."""
        ...
