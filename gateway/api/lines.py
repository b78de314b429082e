"""Lines on their way from a batch to its reader."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# What one reader has not taken. Its batch waits from here on, and no other.
MOST_UNSENT_BYTES = 262_144
# A send costs as much as several items, so lines that follow each other this closely leave together. The first of
# them follow the answer's head.
_GAP_SECONDS = 0.04


class Lines:
    """One thread puts, another takes. ``put`` waits while ``most_bytes`` are not taken."""

    def __init__(self, most_bytes: int = MOST_UNSENT_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lines: list[bytes] = []
        # Each is written by one side only, so none needs a lock. The reader alone unsets `_is_filled`.
        self._put_bytes, self._full_at = 0, most_bytes
        self._is_over = self._is_left = self._is_filled = False
        self._filled, self._emptied, self._hurried = threading.Event(), threading.Event(), threading.Event()
        self._takes_at = clock() + _GAP_SECONDS

    @property
    def are_over(self) -> bool:
        """All were taken, and none follows."""
        return self._is_over and not self._lines

    def put(self, line: bytes) -> None:
        """Drops the line where the reader has left."""
        if self._put_bytes >= self._full_at and not self._wait_for_room():
            return
        self._lines.append(line)
        self._put_bytes += len(line)
        if not self._is_filled:
            self._is_filled = True
            self._filled.set()

    def end(self) -> None:
        """No line follows."""
        self._is_over = True
        self._filled.set()
        self._hurried.set()

    def take(self, seconds: float) -> bytes | None:
        """All lines that are there, after a wait for the first; empty after ``seconds``, None at the end.

        Some milliseconds lie between two of them, except at the end and where the batch waits.
        """
        if (gap := self._takes_at - self._clock()) > 0:
            self._hurried.wait(gap)
        if not (self._lines or self._is_over):
            self._filled.wait(seconds)
        self._filled.clear()
        # In this order: what is put before it was cleared, and before the end, is seen.
        self._is_filled = False
        is_over, count = self._is_over, len(self._lines)
        taken = b"".join(self._lines[:count])
        del self._lines[:count]
        self._full_at += len(taken)
        self._emptied.set()
        self._takes_at = self._clock() + _GAP_SECONDS
        return None if is_over and not count else taken

    def leave(self) -> None:
        """Nobody takes a line any more."""
        self._is_left, self._full_at = True, 0
        self._emptied.set()

    def _wait_for_room(self) -> bool:
        """False: nobody takes a line any more."""
        self._hurried.set()
        while self._is_full():
            self._emptied.clear()
            # The reader may have taken something just before.
            if self._is_full():
                self._emptied.wait()
        if not self._is_over:
            self._hurried.clear()
        return not self._is_left

    def _is_full(self) -> bool:
        return self._put_bytes >= self._full_at and not self._is_left
