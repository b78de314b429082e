"""What keeps jobs going when a message or a worker is lost."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.jobs.dispatch.port import Dispatch
    from gateway.jobs.store import WorkerStore

_log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
ALIVE_SECONDS = 60.0
# Who is elected may be killed: then another is, five seconds later.
_PULSE_SECONDS = 1.0
PERMITS_A_WORKER = 2
# A portion takes a few milliseconds, and nobody else writes in that time.
_MOST_PORTIONS = 50


class Sweeper:
    """All processes ask each second; one of them is elected every five, and does the work."""

    def __init__(self, store: WorkerStore, dispatch: Dispatch) -> None:
        self._store = store
        self._dispatch = dispatch

    def turn(self) -> None:
        """Raises StoreUnavailable."""
        if self._store.elect(EVERY_SECONDS):
            self._sweep()
            self._ring()

    def _sweep(self) -> None:
        for _ in range(_MOST_PORTIONS):
            if not self._store.sweep():
                return

    def _ring(self) -> None:
        """So many permits that no worker is idle while a chunk is due."""
        wanted = min(self._store.gauges().chunks_due, PERMITS_A_WORKER * max(1, self._store.workers(ALIVE_SECONDS)))
        if (missing := wanted - self._dispatch.depth()) > 0:
            self._dispatch.ring(missing)


class Pulse:
    """Calls each of ``beats`` once a second in a thread, the first time at once."""

    def __init__(self, *beats: Callable[[], None], every_seconds: float = _PULSE_SECONDS) -> None:
        self._beats = beats
        self._every_seconds = every_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="job-pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            for beat in self._beats:
                self._call(beat)
            if self._ended.wait(self._every_seconds):
                return

    def _call(self, beat: Callable[[], None]) -> None:
        try:
            beat()
        except StoreUnavailable as exc:
            _log.debug("job_beat_failed", extra={"reason": exc.reason})
        except Exception:  # noqa: BLE001 -- the next one may do better
            _log.exception("job_beat_failed")
