"""Takes lines from batches and writes them beside the event loop."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from gateway.admission.outage import StoreState
from gateway.audit.line import folded, line_of
from gateway.audit.sink import AuditUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.audit.line import Ended, Folded
    from gateway.audit.sink import Sink

    Aside = Callable[[Callable[[], None]], None]

_log = logging.getLogger(__name__)
# Lines of so long are written together.
_GATHER_SECONDS = 0.5
_PAUSE_SECONDS = 1.0
_MOST_BYTES = 8_388_608
# That wait for their lines, so that what they hold is bounded too.
_MOST_BATCHES = 64


class Trail:
    """One per worker, made after the fork. ``batch_ended`` neither waits nor raises.

    ``aside`` runs the writing where it holds up nobody. While it fails, lines wait; beyond 8 MiB the oldest are lost.
    ``lost`` counts those of all outages, and ``is_down`` says whether one lasts.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        with_applied: bool,
        aside: Aside = lambda work: work(),
        most_bytes: int = _MOST_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sink = sink
        self._with_applied = with_applied
        self._aside = aside
        self._most_bytes = most_bytes
        self._clock = clock
        self._batches: list[Folded] = []
        self._lines: deque[bytes] = deque()
        self.lost = 0
        self._bytes = self._in_hand = self._lost_before = 0
        self._lock, self._is_writing = threading.Lock(), threading.Lock()
        self._has_lines, self._closed = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._state, self.is_down = StoreState(), False

    @property
    def waiting(self) -> int:
        """Lines that a worker should not end without; 0 while they cannot be written."""
        return 0 if self.is_down else len(self._batches) + len(self._lines) + self._in_hand

    def batch_ended(self, ended: Ended) -> None:
        try:
            batch = folded(ended, self._clock(), with_applied=self._with_applied)
        except Exception:  # noqa: BLE001 -- what only looks on must never change an answer
            _log.exception("audit_line_failed")
            return
        if batch:
            self._put(batch)

    def write_now(self) -> None:
        with self._is_writing:
            lines = self._taken()
            if not lines:
                return
            try:
                self._aside(partial(self._sink.write, lines))
            except AuditUnavailable as exc:
                self._put_back(lines[exc.written :])
                self.is_down, self._in_hand = True, 0
                if self._state.went_down():
                    _log.error("audit_unavailable", extra={"reason": exc.reason})
                return
            self.is_down, self._in_hand = False, 0
            if self._state.came_back():
                _log.warning("audit_available", extra={"lost": self.lost - self._lost_before})
                self._lost_before = self.lost

    def close(self) -> None:
        """Tries once more, then stops. What cannot be written is lost."""
        self._closed.set()
        self._has_lines.set()
        if (thread := self._thread) is not None:
            thread.join()
        self.write_now()
        if left := self._taken():
            self._in_hand = 0
            self._lose(len(left))
        self._sink.close()

    def _put(self, batch: Folded) -> None:
        with self._lock:
            self._batches.append(batch)
            if len(self._batches) >= _MOST_BATCHES:
                self._make_lines()
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()
        if not self._has_lines.is_set():
            self._has_lines.set()

    def _taken(self) -> list[bytes]:
        with self._lock:
            self._make_lines()
            lines = list(self._lines)
            self._lines.clear()
            self._bytes, self._in_hand = 0, len(lines)
            return lines

    def _make_lines(self) -> None:
        # Some together: code that runs alone after a batch is in no cache.
        batches, self._batches = self._batches, []
        for batch in batches:
            try:
                line = line_of(batch)
            except Exception:  # noqa: BLE001 -- the lines of the others are not lost for one
                _log.exception("audit_line_failed")
                continue
            self._lines.append(line)
            self._bytes += len(line)
        self._keep_bounded()

    def _put_back(self, lines: list[bytes]) -> None:
        with self._lock:
            self._lines.extendleft(reversed(lines))
            self._bytes += sum(map(len, lines))
            self._keep_bounded()
        self._has_lines.set()

    def _keep_bounded(self) -> None:
        lines = 0
        while self._bytes > self._most_bytes:
            self._bytes -= len(self._lines.popleft())
            lines += 1
        if lines:
            self._lose(lines)

    def _lose(self, lines: int) -> None:
        if self.lost == self._lost_before:
            _log.error("audit_lines_lost", extra={"lines": lines})
        self.lost += lines

    def _run(self) -> None:
        while not self._closed.is_set():
            self._has_lines.wait()
            self._has_lines.clear()
            self._closed.wait(_PAUSE_SECONDS if self.is_down else _GATHER_SECONDS)
            try:
                self.write_now()
            except Exception:  # noqa: BLE001 -- a dead thread would keep nothing more
                _log.exception("audit_write_failed")
