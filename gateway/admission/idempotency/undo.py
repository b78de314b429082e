"""Takes back claims that Redis may have made although its answer came too late.

Such a claim marks items as sent that never were.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Protocol

from gateway.admission.idempotency.errors import LeaseLost, StoreUnavailable

_MOST = 10_000
# The last command may run before the first: they come over two connections.
_REFUSALS = 2


class Claimed(Protocol):
    def undo(self) -> None:
        """Raises LeaseLost if not the owner, or StoreUnavailable."""
        ...


class Undoing:
    """Retries every ``pause_seconds`` in a thread that lives while there are claims."""

    def __init__(self, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds
        self._waiting: deque[tuple[Claimed, int]] = deque(maxlen=_MOST)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def add(self, record: Claimed) -> None:
        """Of more than ten thousand claims the oldest are dropped; their leases expire."""
        with self._lock:
            self._waiting.append((record, 0))
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    @property
    def has_any(self) -> bool:
        return self._thread is not None or bool(self._waiting)

    def close(self) -> None:
        """Waits for Redis' timeout at most."""
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
