"""Claims that nobody holds: Redis did not answer in time, and may have carried them out all the same.

Such a claim marks its items as sent, and they never were. So it is taken back as soon as Redis answers again.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Protocol

from gateway.admission.idempotency.errors import LeaseLost, StoreUnavailable

_MOST = 10_000
# Redis may carry out what it was sent last before what it was sent first, since they come over two connections.
_REFUSALS = 2


class Claimed(Protocol):
    """A record, as far as it can be taken back; who does not own it changes nothing."""

    def undo(self) -> None:
        """Take back what was written since the claim. Raises LeaseLost where there is nothing, or StoreUnavailable."""
        ...


class Undoing:
    """Takes claims back, trying again every ``pause_seconds`` in a thread that lives as long as there are any."""

    def __init__(self, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds
        self._waiting: deque[tuple[Claimed, int]] = deque(maxlen=_MOST)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def add(self, record: Claimed) -> None:
        """Take this one back. Of more than ten thousand the oldest are given up; their leases run out."""
        with self._lock:
            self._waiting.append((record, 0))
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    @property
    def has_any(self) -> bool:
        """Whether some still stand."""
        return self._thread is not None or bool(self._waiting)

    def close(self) -> None:
        """Try no more; an attempt under way ends first, within Redis' timeout."""
        self._closed.set()
        if (thread := self._thread) is not None:
            thread.join()

    def _run(self) -> None:
        while not self._closed.wait(self._pause_seconds):
            for _ in range(len(self._waiting)):
                if not self._try(*self._waiting.popleft()):
                    break
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return

    def _try(self, record: Claimed, refusals: int) -> bool:
        """Whether Redis answered."""
        try:
            record.undo()
        except LeaseLost:
            if refusals + 1 < _REFUSALS:
                self._waiting.append((record, refusals + 1))
        except StoreUnavailable:
            self._waiting.append((record, refusals))
            return False
        return True
