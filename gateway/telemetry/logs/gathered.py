"""The lines of requests that ended, written a few at a time."""

from __future__ import annotations

import logging
from collections import deque
from time import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.telemetry.details import RequestDetails

    Write = Callable[[int, RequestDetails, float], None]
    Later = Callable[[Callable[[], None]], None]

_log = logging.getLogger(__name__)
GATHER_SECONDS = 0.05
"""How long a line may wait in a worker."""
# As many of 500 bytes are a quarter of a pipe.
_MOST = 32


class GatheredLines:
    """``write`` gets level, request and Unix time of each, in the order in which they ended.

    ``later`` runs what it is given a moment later; until then lines wait. None does without it, above INFO, or when 32 wait.
    """

    # A line alone finds its code in no cache: it takes 47 µs in a busy worker, and 15 where some go together.
    def __init__(self, write: Write, later: Later | None) -> None:
        self._write = write
        self._later = later
        self._ended: deque[tuple[int, RequestDetails, float]] = deque()

    def add(self, level: int, request: RequestDetails) -> None:
        ended, later = self._ended, self._later
        ended.append((level, request, time()))
        if later is None or level > logging.INFO or len(ended) >= _MOST:
            self.write()
        elif len(ended) == 1:
            later(self.write)

    def write(self) -> None:
        """All that wait. Raises no error of ``write``."""
        try:
            while self._ended:
                try:
                    ended = self._ended.popleft()
                except IndexError:
                    return  # Another thread writes them.
                try:
                    self._write(*ended)
                except Exception:  # noqa: BLE001 -- the lines of the others are not lost for one
                    _log.exception("log_lines_failed")
        finally:
            # What ends a greenlet may end it here. No line that is added later would ask for those that are left.
            if self._ended and self._later:
                self._later(self.write)

    def close(self) -> None:
        """Write what waits. What is added later goes at once."""
        self._later = None
        self.write()
