"""An adaptive bound on calls in flight (AIMD). The caller brings the lock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# A usual value: deep enough to help, and regained within some tens of round trips.
_CUT = 0.7


class AdaptiveLimit:
    """Grows by one per round trip, and is cut when the core is busy."""

    def __init__(
        self,
        *,
        floor: int,
        ceiling: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._floor = float(min(floor, ceiling))
        self._ceiling = float(ceiling)
        self._clock = clock
        self._limit = self._ceiling
        self._cut_at = float("-inf")

    @property
    def value(self) -> int:
        return int(self._limit)

    def record(self, *, overloaded: bool, seconds: float, in_flight: int) -> None:
        """``in_flight`` counts this call too."""
        if overloaded:
            self._cut(self._clock(), seconds)
        elif in_flight * 2 >= self._limit:
            # Where the limit is not reached, the core was not tested.
            self._limit = min(self._ceiling, self._limit + 1.0 / self._limit)

    def _cut(self, now: float, seconds: float) -> None:
        # One burst counts once: calls begun before the last cut were sent under the old limit.
        if now - seconds >= self._cut_at:
            self._limit = max(self._floor, self._limit * _CUT)
            self._cut_at = now
