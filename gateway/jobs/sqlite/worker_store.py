from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import LeaseLost, StoreUnavailable
from gateway.jobs.sqlite import chunk_rows, job_rows, upkeep_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.jobs.chunk import Ending, Gauges, Lease, Settled
    from gateway.jobs.job import State
    from gateway.jobs.sqlite.file import JobFile
    from gateway.jobs.sqlite.job_rows import Rows

_STALE_WORKER_SECONDS = 3600.0


class SqliteWorkerStore:
    def __init__(self, file: JobFile) -> None:
        self._file = file

    def next_chunk(self, worker: str) -> Lease | None:
        now, owner = self._file.clock(), f"{worker}/{secrets.token_hex(8)}"
        with self._file.rows() as rows:
            if upkeep_rows.used_bytes(rows) > self._file.bounds.bytes_for_runs:
                return None
            found = chunk_rows.find_due(rows, now)
            return found and chunk_rows.lease(rows, *found, owner, now, self._file.lease_seconds)

    def renew(self, lease: Lease) -> None:
        with self._file.rows() as rows:
            if not chunk_rows.hold(rows, lease, self._file.clock() + self._file.lease_seconds):
                raise LeaseLost

    def write(
        self, lease: Lease, events: Sequence[bytes], settled: Settled | None = None, ending: Ending | None = None
    ) -> None:
        now = self._file.clock()
        until = now + self._file.lease_seconds
        with self._file.rows() as rows:
            result = chunk_rows.publish(rows, lease, settled, now, until) if settled else None
            if result is None and not chunk_rows.hold(rows, lease, until):
                return
            # Where the chunk is done nobody reads its journal any more.
            if not (ending and ending.is_done):
                chunk_rows.add_events(rows, lease, events, result)
            if ending:
                self._end(rows, lease, ending, now)

    def undo(self, lease: Lease, ending: Ending) -> None:
        now = self._file.clock()
        with self._file.rows() as rows:
            if not chunk_rows.hold(rows, lease, now + self._file.lease_seconds):
                return
            chunk_rows.take_back_events(rows, lease)
            self._end(rows, lease, ending, now)

    def _end(self, rows: Rows, lease: Lease, ending: Ending, now: float) -> None:
        chunk_rows.end(rows, lease, ending, now)
        job_rows.end_if_over(rows, lease.job_id, now, self._file.bounds.keep_seconds)

    def state(self, job_id: str) -> State | None:
        with self._file.read() as rows:
            return job_rows.state(rows, job_id)

    def beat(self, worker: str) -> None:
        with self._file.rows() as rows:
            upkeep_rows.beat(rows, worker, self._file.clock())

    def rest(self, worker: str) -> None:
        with self._file.rows() as rows:
            upkeep_rows.rest(rows, worker)

    def workers(self, seconds: float) -> int:
        with self._file.read() as rows:
            return upkeep_rows.workers(rows, self._file.clock() - seconds)

    def ring(self, permits: int) -> None:
        with self._file.rows() as rows:
            upkeep_rows.count_up(rows, "permits", permits)

    def take_permit(self) -> bool:
        with self._file.rows() as rows:
            has_any = upkeep_rows.counter(rows, "permits") > 0
            if has_any:
                upkeep_rows.count_up(rows, "permits", -1)
        return has_any

    def permits(self) -> int:
        with self._file.read() as rows:
            return int(upkeep_rows.counter(rows, "permits"))

    def elect(self, seconds: float) -> bool:
        with self._file.rows() as rows:
            return upkeep_rows.elect(rows, self._file.clock(), seconds)

    def sweep(self) -> bool:
        now, bounds = self._file.clock(), self._file.bounds
        with self._file.rows() as rows:
            for job_id in upkeep_rows.idle_jobs(rows, now, bounds.idle_seconds):
                # Its parts are of no use, so they are not kept as long as results are.
                job_rows.stop(rows, job_rows.find(rows, None, job_id), "idle", now, bounds.idle_seconds)
            for job_id in upkeep_rows.live_jobs(rows, expired_at=now):
                job_rows.stop(rows, job_rows.find(rows, None, job_id), "expired", now, bounds.keep_seconds)
            for job_id in upkeep_rows.cancelling_jobs(rows):
                job_rows.end_if_over(rows, job_id, now, bounds.keep_seconds)
            upkeep_rows.hide_expired(rows, now)
            upkeep_rows.forget_workers(rows, now - _STALE_WORKER_SECONDS)
            return upkeep_rows.remove_portion(rows)

    def gauges(self) -> Gauges:
        with self._file.read() as rows:
            return upkeep_rows.gauges(rows, self._file.clock())

    def ping(self) -> StoreUnavailable | None:
        """None if the file can be written, or somebody is writing."""
        try:
            with self._file.rows(waits=False):
                return None
        except StoreUnavailable as exc:
            return None if exc.is_busy else exc
