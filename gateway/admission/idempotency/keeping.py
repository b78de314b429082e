"""What must be done for keyed batches beside their runs: leases renewed, and what could not be written written later.

A batch that waits for the core writes nothing, and must hold its key all the same. A store that fails at a batch's end may
be back a moment later; until then the worker keeps what it has told its callers.
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
    """A batch that holds a key."""

    renew_at: float

    def renew(self) -> None:
        """Hold it for another while. Raises nothing."""
        ...


class Keeper:
    """One per store and worker. Its thread lives while there is anything to do.

    What waits is written in order. It is bounded: beyond 64 MiB or ten thousand writes the oldest is given up, and logged.
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
        self._is_writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @property
    def waiting(self) -> int:
        """Writes that wait for the store."""
        return len(self._waiting)

    def watch(self, batch: Running) -> None:
        """From now on renew the batch's lease where it is due."""
        with self._lock:
            self._running[batch] = None
        self._start()

    def forget(self, batch: Running) -> None:
        """The batch is over."""
        with self._lock:
            self._running.pop(batch, None)

    def keep(self, write: Callable[[], None], size: int) -> None:
        """Do this as soon as the store is back: it raises StoreUnavailable until then. It holds ``size`` bytes."""
        with self._lock:
            self._waiting.append((write, size))
            self._bytes += size
            while self._bytes > self._most_bytes or len(self._waiting) > _MOST_WRITES:
                self._drop("too many of them wait")
        self._start()

    def write_now(self) -> None:
        """Try what waits, in order, up to the first that fails: before a key is claimed that it may be about."""
        with self._is_writing:
            while self._waiting and self._try():
                pass

    def close(self) -> None:
        """Try once more, then no more; a try that is under way ends first."""
        self._closed.set()
        if (thread := self._thread) is not None:
            thread.join()
        self.write_now()

    def _start(self) -> None:
        with self._lock:
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
                batch.renew()

    def _try(self) -> bool:
        """Whether the oldest is done with."""
        write, _ = oldest = self._waiting[0]
        try:
            write()
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
