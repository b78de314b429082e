"""What a step of the embedded store costs does not grow with the job: a gateway's loop waits for it."""

from __future__ import annotations

import random

import pytest

from gateway.jobs.chunk import Part
from gateway.jobs.errors import DuplicateItems
from gateway.jobs.job import Bounds, NewJob
from gateway.jobs.sqlite.file import JobFile
from gateway.jobs.sqlite.job_store import SqliteJobStore
from gateway.jobs.sqlite.worker_store import SqliteWorkerStore
from legacy_client.calls import Update
from tests.doubles.job_worlds import LEASE_SECONDS

PART_ITEMS = 1000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def file(path):
    opened = JobFile(path, Bounds(job_items=1_000_000, store_bytes=4_294_967_296), lease_seconds=LEASE_SECONDS)
    yield opened
    opened.close()


@pytest.fixture
def jobs(file):
    return SqliteJobStore(file)


def filled(jobs, parts: int) -> str:
    """A job whose calls cannot be packed well."""
    noise = random.Random(1)
    job, _ = jobs.create("p", NewJob(resource="actions"))
    for number in range(parts):
        begin = number * PART_ITEMS
        calls = [
            Update(str(item_id), b'{"t":"%d"}' % noise.getrandbits(1024))
            for item_id in range(begin, begin + PART_ITEMS)
        ]
        jobs.put_part("p", job.id, Part(number + 1, str(number)), calls)
    return job.id


def written_bytes(path, step) -> int:
    """What a step adds to the log, which closing the file has emptied."""
    step()
    return path.with_name(f"{path.name}-wal").stat().st_size


def operations(file, step) -> int:
    """Of SQLite's machine."""
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1

    with file.rows() as rows:
        rows.set_progress_handler(tick, 1)
    step()
    with file.rows() as rows:
        rows.set_progress_handler(None, 0)
    return count


def test_a_start_writes_no_call_again(path, file, jobs):
    job = filled(jobs, parts=20)
    file.close()
    calls_bytes = path.stat().st_size

    assert written_bytes(path, lambda: jobs.start("p", job, 20)) < calls_bytes / 20


def test_a_page_of_what_was_not_processed_costs_as_much_in_a_large_job_as_in_a_small_one(file, jobs):
    small, large = filled(jobs, parts=2), filled(jobs, parts=40)
    for job in (small, large):
        jobs.cancel("p", job)

    costs = [operations(file, lambda job=job: jobs.results("p", job)) for job in (small, large)]

    assert costs[1] <= 1.5 * costs[0]


def test_ids_are_removed_once_a_job_takes_no_more_parts_and_none_is_looked_up(file, jobs):
    uploading, started = filled(jobs, parts=1), filled(jobs, parts=7)
    jobs.start("p", started, 7)
    sweep, more = SqliteWorkerStore(file).sweep, []

    # Eight steps for each that is passed by; a look for each made them twenty-five.
    assert operations(file, lambda: more.append(sweep())) < 12 * 5000
    more += [sweep(), sweep()]

    assert more == [True, True, False]
    with file.read() as rows:
        assert rows.execute("SELECT job, count(*) FROM item GROUP BY job").fetchall() == [(uploading, PART_ITEMS)]
    with pytest.raises(DuplicateItems):
        jobs.put_part("p", uploading, Part(2, "again"), [Update("7", b"{}")])
