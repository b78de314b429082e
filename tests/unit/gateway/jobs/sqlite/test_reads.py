"""The embedded store beside a writer of another process."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from gateway.jobs.job import Bounds
from gateway.jobs.sqlite.file import JobFile
from gateway.jobs.sqlite.job_store import SqliteJobStore
from gateway.jobs.sqlite.worker_store import SqliteWorkerStore
from tests.doubles.job_worlds import BOUNDS, LEASE_SECONDS, run_all, started


@pytest.fixture
def path(tmp_path):
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def file(path):
    opened = JobFile(path, Bounds(**BOUNDS), lease_seconds=LEASE_SECONDS, busy_seconds=0.0)
    yield opened
    opened.close()


def test_jobs_are_read_while_another_process_writes(file, path):
    jobs, chunks = SqliteJobStore(file), SqliteWorkerStore(file)
    job = started(jobs, [1, 2])
    run_all(chunks)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE job SET state = 'paused'")

        assert jobs.get("p", job.id).state == "succeeded"
        assert [each.id for each in jobs.jobs("p", most=5).jobs] == [job.id]
        assert len(jobs.results("p", job.id).lines) == 2
        assert (chunks.state(job.id), chunks.permits(), chunks.workers(60)) == ("succeeded", 0, 0)
        assert chunks.gauges().jobs == {"succeeded": 1}
