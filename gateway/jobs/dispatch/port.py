from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Dispatch(Protocol):
    """Rings for workers. A ring is a permit to run one chunk, so one that is lost or doubled does no harm."""

    def ring(self, permits: int) -> None:
        """Let ``permits`` chunks be run, by whichever workers are free. Raises StoreUnavailable."""
        ...

    def serve(self, run_one: Callable[[], bool]) -> None:
        """Call ``run_one`` for each permit until the process is to end.

        It tells whether there was a chunk. Then its permit is one for the next.
        """
        ...

    def depth(self) -> int:
        """Permits that nobody has taken. Raises StoreUnavailable."""
        ...
