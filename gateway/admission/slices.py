from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SLICE_SECONDS = 0.002


class Slices:
    """Call ``let_others_run`` often: after ``seconds`` of work other greenlets run."""

    def __init__(
        self,
        give_up: Callable[[], None],
        *,
        seconds: float = SLICE_SECONDS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """``give_up`` lets others run, then returns."""
        self._give_up = give_up
        self._seconds = seconds
        self._clock = clock
        self._began = clock()

    def let_others_run(self) -> None:
        if self._clock() - self._began < self._seconds:
            return
        self._give_up()
        self._began = self._clock()
