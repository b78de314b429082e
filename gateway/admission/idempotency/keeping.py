"""Renews the leases of running batches, and repeats writes that failed at a batch's end.

A batch that waits for the core writes nothing, but must hold its key.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from gateway.admission.idempotency.errors import RecordUnusable, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.5
_MOST_BYTES = 67_108_864
_MOST_WRITES = 10_000


class Running(Protocol):
    renew_at: float

    def renew(self) -> None:
        """Raises nothing."""
        ...


class Keeper:
    """One per store and worker. Its thread lives while there is work.

    Writes are repeated in order. Beyond 64 MiB or ten thousand, the oldest is dropped and logged.
    """

    def __init__(
        self,
        *,
        pause_seconds: float = _PAUSE_SECONDS,
        most_bytes: int = _MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pause_seconds = pause_seconds
        self._most_bytes = most_bytes
        self._clock = clock
        self._running: dict[Running, None] = {}
        self._waiting: deque[tuple[Callable[[], None], int]] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._writes_in_order = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self.is_writing = False
        """Whether the keeper writes at this moment, and not a batch."""

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def watch(self, batch: Running) -> None:
        with self._lock:
            self._running[batch] = None
            self._start()

    def forget(self, batch: Running) -> None:
        with self._lock:
            self._running.pop(batch, None)

    def keep(self, write: Callable[[], None], size: int) -> None:
        """Repeat ``write``, which holds ``size`` bytes, until it no longer raises StoreUnavailable."""
        with self._lock:
            self._waiting.append((write, size))
            self._bytes += size
            while self._bytes > self._most_bytes or len(self._waiting) > _MOST_WRITES:
                self._drop("too many of them wait")
            self._start()

    def write_now(self) -> None:
        """In order, up to the first that fails."""
        if not self._waiting:
            return
        with self._writes_in_order:
            while self._waiting and self._try():
                pass

    def close(self) -> None:
        """Try once more, then stop."""
        self._closed.set()
        if (thread := self._thread) is not None:
            thread.join()
        self.write_now()

    def _start(self) -> None:
        """Under the lock."""
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._run, name="keep-idempotency-records", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(self._pause_seconds):
            self._renew()
            self.write_now()
            with self._lock:
                if not (self._running or self._waiting):
                    self._thread = None
                    return

    def _renew(self) -> None:
        with self._lock:
            running = tuple(self._running)
        for batch in running:
            if batch in self._running and self._clock() >= batch.renew_at:
                self._write(batch.renew)

    def _write(self, write: Callable[[], None]) -> None:
        self.is_writing = True
        try:
            write()
        finally:
            self.is_writing = False

    def _try(self) -> bool:
        """Whether the oldest write is done or dropped."""
        write, _ = oldest = self._waiting[0]
        try:
            self._write(write)
        except RecordUnusable as exc:
            with self._lock:
                if self._waiting and self._waiting[0] is oldest:
                    self._drop(exc.reason)
            return True
        except StoreUnavailable:
            return False
        with self._lock:
            if self._waiting and self._waiting[0] is oldest:
                self._bytes -= self._waiting.popleft()[1]
        _log.warning("idempotency_finish_kept", extra={"waiting": len(self._waiting)})
        return True

    def _drop(self, reason: str) -> None:
        self._bytes -= self._waiting.popleft()[1]
        _log.error("idempotency_finish_lost", extra={"reason": reason})
