from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gateway.batch.outcome import ItemError
from gateway.jobs.chunk import LONGEST_WAIT_SECONDS, Ending
from gateway.jobs.settlement import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.batch.outcome import Outcome
    from gateway.jobs.chunk import Lease
    from gateway.jobs.settlement import Settlement
    from gateway.jobs.store import WorkerStore

# The core does not keep up: the job waits, and that is no fault of the chunk.
_SLOW = frozenset({"core_busy", "core_unreachable", "circuit_open"})
# The run was ended from outside.
_STOPPED = frozenset({"deadline", "shutting_down"})
_SLOW_SECONDS = 5


class Hindrances:
    """Why items of a run are still open."""

    def __init__(self) -> None:
        self._codes: set[str] = set()
        self._retry_after = 0

    def add(self, outcome: Outcome) -> None:
        if isinstance(outcome, ItemError):
            self._codes.add(outcome.code)
            self._retry_after = max(self._retry_after, outcome.retry_after or 0)

    @property
    def wait_seconds(self) -> float:
        """How long the whole job waits."""
        if self._codes.isdisjoint(_SLOW):
            return 0
        return min(self._retry_after or _SLOW_SECONDS, LONGEST_WAIT_SECONDS)

    @property
    def excuse(self) -> bool:
        """It is known what kept items back: the core's load or a stop, and nothing else."""
        return bool(self._codes) and self._codes <= _SLOW | _STOPPED


class ChunkRecord:
    """The record of a chunk's claim, in the store of jobs. What is settled is published with each write."""

    def __init__(self, store: WorkerStore, lease: Lease, settlement: Settlement, hindrances: Hindrances) -> None:
        self._store = store
        self._lease = lease
        self._settlement = settlement
        self._hindrances = hindrances

    def append(self, events: Sequence[bytes]) -> None:
        if not events:
            # The keeper renews from a thread of its own, while the run goes on: it must publish nothing.
            self._store.renew(self._lease)
            return
        self._write(events, None)

    def close(self, events: Sequence[bytes], *, complete: bool) -> None:
        self._write(events, self._ending())

    def rollback(self) -> None:
        self._store.undo(self._lease, self._ending())

    def take_back(self) -> None:
        """The run never began, by no fault of the chunk."""
        self._store.undo(self._lease, Ending(is_excused=True))

    def _write(self, events: Sequence[bytes], ending: Ending | None) -> None:
        settlement = self._settlement
        if settlement.unsure:
            # The store may have it, though it did not say so: only the same again is known as a repeat.
            self._store.write(self._lease, (), settlement.unsure)
            settlement.was_written()
        own = [event for event in events if event != PUBLISHED]
        self._store.write(self._lease, own, settlement.next_write(), ending)
        settlement.was_written()

    def _ending(self) -> Ending:
        if self._settlement.is_complete:
            return Ending(is_done=True)
        # The first items of a job are run alone: then the rest of their chunk is open, and nothing failed.
        is_excused = self._hindrances.excuse or not self._settlement.open_offsets(self._lease.items)
        backoff = 0.0 if is_excused else math.ldexp(0.5, min(self._lease.attempts, 6))
        return Ending(wait_seconds=backoff, job_wait_seconds=self._hindrances.wait_seconds, is_excused=is_excused)
