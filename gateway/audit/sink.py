"""Where lines are kept, and what is said where they cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime


class AuditUnavailable(Exception):
    """``reason`` is for operators."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sink(Protocol):
    """Shared by the workers, each with its own."""

    def write(self, lines: Sequence[bytes]) -> None:
        """All or none. Raises AuditUnavailable."""
        ...

    def newest(self, since: datetime | None = None) -> Iterator[bytes]:
        """Lines, newest first, and none from before ``since`` where that is cheap to know. Raises AuditUnavailable."""
        ...

    def close(self) -> None:
        """Lets go of what it opened."""
        ...
