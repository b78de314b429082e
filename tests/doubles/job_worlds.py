"""Stores of jobs with workers that come and go and time that is moved by hand, and runs of their chunks."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import redis

from gateway.batch.outcome import ItemError
from gateway.item_codes import ITEM_CODES, Applied
from gateway.jobs.chunk import Ending, Part, Settled, shown
from gateway.jobs.job import Bounds, NewJob
from gateway.jobs.redis.job_store import RedisJobStore
from gateway.jobs.redis.steps import Steps
from gateway.jobs.redis.worker_store import RedisWorkerStore
from gateway.jobs.result_lines import ChunkLines
from gateway.jobs.settlement import Settlement
from gateway.jobs.sqlite.file import JobFile
from gateway.jobs.sqlite.job_store import SqliteJobStore
from gateway.jobs.sqlite.worker_store import SqliteWorkerStore
from legacy_client.calls import Update
from tests.doubles.clocks import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gateway.batch.outcome import Outcome
    from gateway.jobs.chunk import Lease
    from gateway.jobs.job import Job
    from gateway.jobs.store import JobStore, WorkerStore

APPLIED = b'{"done":true}'
LEASE_SECONDS = 45.0
BOUNDS = {"job_items": 5000, "live_jobs": 5, "uploading_jobs": 20, "store_bytes": 67_108_864}


class SqliteJobWorld:
    """The embedded store under a clock moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state" / "jobs.sqlite"
        self._clock = FakeClock(1_000_000.0)
        self._files: list[JobFile] = []

    def open(self, **bounds: Any) -> tuple[JobStore, WorkerStore]:
        """The stores as another process would open them."""
        file = JobFile(self.path, Bounds(**{**BOUNDS, **bounds}), lease_seconds=LEASE_SECONDS, clock=self._clock)
        self._files.append(file)
        return SqliteJobStore(file), SqliteWorkerStore(file)

    def pass_time(self, seconds: float) -> None:
        self._clock.advance(seconds)

    def close(self) -> None:
        for file in self._files:
            file.close()


class RedisJobWorld:
    """The Redis store; under a clock moved by hand."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._clock = FakeClock(1_000_000.0)
        self._steps: list[Steps] = []
        with closing(redis.from_url(url)) as client:
            client.flushall()

    def open(self, **bounds: Any) -> tuple[JobStore, WorkerStore]:
        """The stores as another process would open them."""
        all_bounds = Bounds(**{**BOUNDS, **bounds})
        steps = Steps(self._url, all_bounds, lease_seconds=LEASE_SECONDS, timeout_seconds=5.0, now=self._clock)
        self._steps.append(steps)
        return RedisJobStore(steps), RedisWorkerStore(steps)

    def pass_time(self, seconds: float) -> None:
        self._clock.advance(seconds)

    def close(self) -> None:
        for steps in self._steps:
            steps.close()


def calls(*item_ids: object) -> list[Update]:
    return [Update(str(item_id), b'{"state":2}') for item_id in item_ids]


def failed(code: str, outcome: Applied | None = None, detail: str = "It failed.") -> ItemError:
    row = ITEM_CODES[code]
    return ItemError(
        status=row.status,
        code=code,
        detail=detail,
        outcome=outcome or row.outcomes[0],
        retryable=row.retryable,
    )


def started(jobs: JobStore, *parts: Sequence[object], principal: str = "p", **new: Any) -> Job:
    """A job of these parts of item ids."""
    job, _ = jobs.create(principal, NewJob(resource="things", **new))
    for number, item_ids in enumerate(parts, 1):
        jobs.put_part(principal, job.id, Part(number, f"digest {number}"), calls(*item_ids))
    return jobs.start(principal, job.id, len(parts))


def lines_of(lease: Lease) -> ChunkLines:
    return ChunkLines(
        [call.id for call in shown(lease.calls, lease.all_items)],
        first_index=lease.first_index,
        part=lease.part,
        line=lease.line,
        id_name="actionId",
        name="action",
    )


def settled(lease: Lease, outcomes: Mapping[int, Outcome]) -> Settled | None:
    """The first write of a run."""
    settlement = Settlement(lease, lines_of(lease), repeats_unknown=False)
    for offset, outcome in outcomes.items():
        settlement.settle(offset, outcome)
    return settlement.next_write()


def run(chunks: WorkerStore, lease: Lease, outcomes: Mapping[int, Outcome] | None = None, **ending: Any) -> None:
    """One write that settles ``outcomes``, or all items as applied, and ends the run."""
    outcomes = dict.fromkeys(range(lease.items), APPLIED) if outcomes is None else outcomes
    is_done = lease.settled.bit_count() + len(outcomes) == lease.all_items
    chunks.write(lease, [b"event"], settled(lease, outcomes), Ending(**{"is_done": is_done, **ending}))


def run_all(chunks: WorkerStore, worker: str = "w") -> int:
    """Every due chunk, as applied; how many there were."""
    ran = 0
    while lease := chunks.next_chunk(worker):
        run(chunks, lease)
        ran += 1
    return ran


def all_results(jobs: JobStore, job: Job, **options: Any) -> list[tuple[int, str]]:
    """``(index, kind)`` of every line, read in pages of three."""
    lines, cursor = [], ""
    while True:
        page = jobs.results(None, job.id, since=cursor, **{"most": 3, **options})
        lines += page.lines
        if page.cursor == cursor or page.is_last:
            return [(line.index, line.kind) for line in lines]
        cursor = page.cursor
