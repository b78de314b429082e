from __future__ import annotations

import time
from typing import TYPE_CHECKING, get_args

from gateway.jobs.job import State
from gateway.jobs.sweeper import ALIVE_SECONDS, EVERY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.jobs.store import WorkerStore


class Watch:
    """What the metrics show of jobs, looked at every five seconds: nobody waits for the store."""

    def __init__(self, store: WorkerStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._look_at = float("-inf")
        self._found: Mapping[tuple[str, ...], float] = {}

    def numbers(self) -> Mapping[tuple[str, ...], float]:
        """By the name of the gauge and its labels. Empty until the first look."""
        return self._found

    def turn(self) -> None:
        """Raises StoreUnavailable."""
        if self._clock() >= self._look_at:
            self._look_at = self._clock() + EVERY_SECONDS
            self._found = self._look()

    def _look(self) -> Mapping[tuple[str, ...], float]:
        gauges = self._store.gauges()
        found: dict[tuple[str, ...], float] = {
            ("gateway_job_chunks", "due"): gauges.chunks_due,
            ("gateway_job_chunks", "leased"): gauges.chunks_leased,
            ("gateway_job_due_seconds",): gauges.oldest_due_seconds,
            ("gateway_job_without_progress_seconds",): gauges.without_progress_seconds,
            ("gateway_job_workers",): self._store.workers(ALIVE_SECONDS),
            ("gateway_job_store_bytes",): gauges.used_bytes,
        }
        # Those without a job too, so that a number goes back to nothing.
        found.update((("gateway_jobs", state), gauges.jobs.get(state, 0)) for state in get_args(State))
        found.update((("gateway_job_items", outcome), items) for outcome, items in gauges.items.items())
        return found
