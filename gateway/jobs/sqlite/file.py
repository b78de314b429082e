"""A file of its own: a job's writes never hold the lock that a live claim waits for.

All times are by the wall clock. A lease that a clock's jump frees is fenced, and its calls are marked in the journal.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.admission.sqlite_file import EmbeddedDatabase
from gateway.jobs.sqlite.layout import LAYOUT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.admission.sqlite_file import Transaction
    from gateway.jobs.job import Bounds


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
        self._database = EmbeddedDatabase(
            path, LAYOUT, max_bytes=bounds.store_bytes, busy_seconds=busy_seconds, unavailable=StoreUnavailable
        )
        self.bounds = bounds
        self.lease_seconds = lease_seconds
        self.clock = clock
        self.close = self._database.close

    def rows(self, *, waits: bool = True) -> Transaction:
        """A step: all of it or nothing. Raises StoreUnavailable."""
        return self._database.transaction(waits=waits)

    def read(self) -> Transaction:
        """Of one moment; no writer waits for it. Raises StoreUnavailable."""
        return self._database.transaction(writes=False)

    def unfit(self) -> str:
        """Nothing is evicted."""
        return ""

    def risk(self) -> str:
        """What is written outlives the process."""
        return ""
