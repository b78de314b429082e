"""Whether the core can be reached, as readiness sees it: askers share one look, and never wait long for it."""

from __future__ import annotations

import math
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from legacy_client.errors import CoreError

# A look serves all askers for this long.
_FRESH_SECONDS = 2.0
# Up to this age the last look is told where the next one takes longer than a moment.
_TELLABLE_SECONDS = 15.0
_MOMENT_SECONDS = 0.02


def _in_the_background(look: Callable[[], None]) -> None:
    threading.Thread(target=look, name="core-ping", daemon=True).start()


class Reachability:
    """``ping`` gives None where the core can be reached; ``seconds`` is the longest it may take."""

    def __init__(
        self,
        ping: Callable[[], CoreError | None],
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        run: Callable[[Callable[[], None]], None] = _in_the_background,
    ) -> None:
        self._ping = ping
        self._seconds = seconds
        self._clock = clock
        self._run = run
        self._lock = threading.Lock()
        self._looked_at = -math.inf
        self._is_reachable = False
        self._look: threading.Event | None = None

    def is_reachable(self) -> bool:
        """Whether the last look reached the core; before the first one has ended, no."""
        age = self._clock() - self._looked_at
        if age >= _FRESH_SECONDS:
            self._begin_to_look().wait(_MOMENT_SECONDS if age < _TELLABLE_SECONDS else self._seconds)
        return self._is_reachable

    def _begin_to_look(self) -> threading.Event:
        with self._lock:
            look, is_ours = self._look or threading.Event(), self._look is None
            self._look = look
        if is_ours:
            self._run(partial(self._end_look, look))
        return look

    def _end_look(self, look: threading.Event) -> None:
        is_reachable = self._ping() is None
        with self._lock:
            self._is_reachable, self._looked_at, self._look = is_reachable, self._clock(), None
        look.set()
