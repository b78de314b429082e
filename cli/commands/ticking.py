"""A clock of a command's own, for what must be said while the work itself waits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Ticking:
    """Calls ``tick`` each ``seconds`` in a thread, from ``start`` until ``stop``, which waits for a call under way."""

    def __init__(self, tick: Callable[[], None], seconds: float) -> None:
        self._tick = tick
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticking", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            try:
                self._tick()
            except (OSError, ValueError):
                # The output is gone, which the command itself meets at its next word.
                return
