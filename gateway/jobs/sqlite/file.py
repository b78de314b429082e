"""A file of its own: a job's writes never hold the lock that a live claim waits for.

All times are by the wall clock. A lease that a clock's jump frees is fenced, and its calls are marked in the journal.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.admission.sqlite_file import EmbeddedDatabase, EmbeddedUnavailable
from gateway.jobs.sqlite.layout import LAYOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gateway.jobs.job import Bounds
    from gateway.jobs.sqlite.job_rows import Rows


class JobFile:
    def __init__(
        self,
        path: Path,
        bounds: Bounds,
        *,
        lease_seconds: float,
        busy_seconds: float = 2.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = EmbeddedDatabase(path, LAYOUT, max_bytes=bounds.store_bytes, busy_seconds=busy_seconds)
        self.bounds = bounds
        self.lease_seconds = lease_seconds
        self.clock = clock
        self.close = self._database.close

    @contextlib.contextmanager
    def rows(self, *, waits: bool = True) -> Iterator[Rows]:
        """A step: all of it or nothing. Raises StoreUnavailable."""
        try:
            with self._database.transaction(waits=waits) as rows:
                yield rows
        except EmbeddedUnavailable as exc:
            raise StoreUnavailable(exc.reason) from exc

    @contextlib.contextmanager
    def read(self) -> Iterator[Rows]:
        """Of one moment; no writer waits for it. Raises StoreUnavailable."""
        try:
            with self._database.transaction(writes=False) as rows:
                yield rows
        except EmbeddedUnavailable as exc:
            raise StoreUnavailable(exc.reason) from exc

    def unfit(self) -> str:
        """Nothing is evicted."""
        return ""

    def risk(self) -> str:
        """What is written outlives the process."""
        return ""
