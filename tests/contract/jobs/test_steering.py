"""A job stops, pauses, goes on and is cancelled where it was asked to, whoever asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.item_codes import Applied
from gateway.jobs.chunk import Ending
from gateway.jobs.errors import HeldByOperator, WrongState
from gateway.jobs.job import NewJob
from tests.doubles.job_worlds import APPLIED, failed, run, run_all, settled, started

REJECTED = failed("rejected", detail="It is too long.")


UNKNOWN = failed("core_timeout", Applied.UNKNOWN)


MANY = range(2400)


def test_a_job_pauses_after_its_first_items_and_shows_what_became_of_them(jobs, chunks):
    job = started(jobs, MANY, pause_after=3)
    lease = chunks.next_chunk("w")
    assert (lease.first_index, lease.items, lease.all_items) == (0, 3, 1000)
    assert chunks.next_chunk("w") is None
    run(chunks, lease)

    paused = jobs.get("p", job.id)

    assert (paused.state, paused.why, paused.counts.applied, paused.counts.unprocessed) == (
        "paused",
        "pause_after",
        3,
        2397,
    )
    assert [line.index for line in jobs.results("p", job.id).lines] == [0, 1, 2]


def test_after_that_pause_it_runs_to_its_end(jobs, chunks):
    job = started(jobs, MANY, pause_after=3)
    run(chunks, chunks.next_chunk("w"))
    assert chunks.next_chunk("w") is None

    assert jobs.resume("p", job.id).state == "running"
    lease = chunks.next_chunk("w")
    assert (lease.items, lease.settled) == (1000, 0b111)
    run(chunks, lease, dict.fromkeys(range(3, 1000), APPLIED))
    run_all(chunks)

    assert jobs.get("p", job.id).state == "succeeded"


def test_the_first_items_may_be_of_several_chunks(jobs, chunks):
    job = started(jobs, [1, 2], range(10, 20), pause_after=5)

    leases = [chunks.next_chunk("w"), chunks.next_chunk("w")]
    for lease in leases:
        run(chunks, lease)

    assert [(lease.first_index, lease.items) for lease in leases] == [(0, 2), (2, 3)]
    assert (jobs.get("p", job.id).state, jobs.get("p", job.id).counts.applied) == ("paused", 5)


def test_a_job_whose_first_items_were_settled_under_another_pause_goes_on_when_it_is_resumed(jobs, chunks):
    job = started(jobs, [1, 2], [3, 4], pause_after=2)
    lease = chunks.next_chunk("w")
    jobs.pause("p", job.id)
    run(chunks, lease)

    jobs.resume("p", job.id)
    run_all(chunks)

    assert jobs.get("p", job.id).state == "succeeded"


@pytest.mark.parametrize("is_paused", [False, True])
def test_what_an_operator_paused_only_an_operator_resumes(jobs, is_paused):
    job = started(jobs, [1])
    if is_paused:
        jobs.pause("p", job.id)
    jobs.pause(None, job.id, "operator")
    jobs.pause("p", job.id)

    with pytest.raises(HeldByOperator):
        jobs.resume("p", job.id)
    assert (jobs.get("p", job.id).state, jobs.get("p", job.id).why) == ("paused", "operator")
    assert jobs.resume(None, job.id).state == "queued"


def test_a_job_with_no_more_items_than_that_ends_without_a_pause(jobs, chunks):
    job = started(jobs, [1, 2], pause_after=2)
    run_all(chunks)

    assert jobs.get("p", job.id).state == "succeeded"


def test_a_job_stops_above_its_share_of_failures(jobs, chunks):
    job = started(jobs, range(500), range(500, 1000), max_failed_percent=1.0)
    lease = chunks.next_chunk("w")
    chunks.write(lease, [], settled(lease, {**dict.fromkeys(range(9), REJECTED), 9: UNKNOWN}))
    assert jobs.get("p", job.id).state == "running"

    chunks.write(lease, [], _second(lease, {10: REJECTED}))
    assert (jobs.get("p", job.id).state, chunks.state(job.id)) == ("cancelling", "cancelling")
    assert chunks.next_chunk("w") is None
    chunks.write(lease, [], None, Ending())

    ended = jobs.get("p", job.id)
    assert (ended.state, ended.why, ended.counts.unprocessed) == ("failed", "max_failed_percent", 989)


def _second(lease, outcomes):
    """The next write of the same run."""
    return replace(settled(lease, outcomes), number=2, bits=(1 << 11) - 1)


def test_a_job_without_that_bound_goes_on_whatever_fails(jobs, chunks):
    job = started(jobs, range(500), [501])
    run(chunks, chunks.next_chunk("w"), dict.fromkeys(range(500), REJECTED))

    assert jobs.get("p", job.id).state == "running"


def test_a_cancelled_job_ends_at_once_where_nothing_of_it_runs(jobs, chunks):
    job = started(jobs, MANY)
    run(chunks, chunks.next_chunk("w"))

    ended = jobs.cancel("p", job.id)

    assert (ended.state, ended.why, ended.counts.unprocessed) == ("cancelled", "asked", 1400)
    assert chunks.next_chunk("w") is None


def test_a_cancelled_job_waits_for_what_is_in_flight_and_counts_it(jobs, chunks):
    job = started(jobs, MANY)
    lease = chunks.next_chunk("w")

    assert jobs.cancel("p", job.id).state == "cancelling"
    run(chunks, lease, {0: APPLIED}, is_done=False)

    ended = jobs.get("p", job.id)
    assert (ended.state, ended.counts.applied, ended.counts.unprocessed) == ("cancelled", 1, 2399)


def test_a_cancelled_job_whose_worker_died_ends_with_the_lease(jobs, chunks, world):
    job = started(jobs, MANY)
    chunks.next_chunk("dead")
    jobs.cancel("p", job.id)
    chunks.sweep()
    assert jobs.get("p", job.id).state == "cancelling"
    world.pass_time(46)

    chunks.sweep()

    assert jobs.get("p", job.id).state == "cancelled"


@pytest.mark.parametrize("ask", ["cancel", "pause and cancel"])
def test_a_cancelled_job_whose_dead_worker_may_have_sent_items_ends_when_they_are_told(jobs, chunks, world, ask):
    job = started(jobs, MANY)
    dead = chunks.next_chunk("dead")
    chunks.write(dead, [b"marks"])
    for each in ask.split(" and "):
        getattr(jobs, each)("p", job.id)
    assert chunks.next_chunk("w") is None
    world.pass_time(46)
    while chunks.sweep():
        pass
    assert (jobs.get("p", job.id).state, chunks.gauges().chunks_due) == ("cancelling", 1)

    lease = chunks.next_chunk("w")
    assert (lease.chunk, lease.events) == (dead.chunk, [b"marks"])
    assert chunks.next_chunk("w") is None
    run(chunks, lease, {0: UNKNOWN}, is_done=False)

    ended = jobs.get("p", job.id)
    assert (ended.state, ended.counts.unknown, ended.counts.unprocessed) == ("cancelled", 1, 2399)
    assert (chunks.next_chunk("w"), chunks.gauges().chunks_due) == (None, 0)


def test_a_cancelled_job_in_doubt_ends_at_the_latest_when_it_expires(jobs, chunks, world):
    job = started(jobs, MANY)
    chunks.write(chunks.next_chunk("dead"), [b"marks"])
    jobs.cancel("p", job.id)
    world.pass_time(604_801)

    while chunks.sweep():
        pass

    assert jobs.get("p", job.id).state == "cancelled"


def test_a_cancel_that_comes_after_the_last_item_changes_nothing(jobs, chunks):
    job = started(jobs, [1])
    run_all(chunks)

    assert jobs.cancel("p", job.id) == jobs.get("p", job.id)
    assert jobs.get("p", job.id).state == "succeeded"


def test_an_upload_can_be_cancelled(jobs):
    job, _ = jobs.create("p", NewJob(resource="things"))

    assert jobs.cancel("p", job.id).state == "cancelled"


def test_only_a_started_job_can_be_paused_and_a_pause_holds(jobs, chunks):
    uploading, _ = jobs.create("p", NewJob(resource="things"))
    job = started(jobs, [1])
    with pytest.raises(WrongState):
        jobs.pause("p", uploading.id)

    assert [jobs.pause("p", job.id).state for _ in range(2)] == ["paused", "paused"]
    assert [jobs.resume("p", job.id).state for _ in range(2)] == ["queued", "queued"]
    run_all(chunks)
    for ask in (jobs.pause, jobs.resume):
        with pytest.raises(WrongState):
            ask("p", job.id)


def test_what_is_in_flight_at_a_pause_is_counted(jobs, chunks):
    job = started(jobs, [1, 2, 3])
    lease = chunks.next_chunk("w")
    jobs.pause("p", job.id)
    run(chunks, lease, {0: APPLIED}, is_done=False)

    paused = jobs.get("p", job.id)
    assert (paused.state, paused.counts.applied) == ("paused", 1)


def test_a_paused_job_whose_last_items_end_has_ended(jobs, chunks):
    job = started(jobs, [1])
    lease = chunks.next_chunk("w")
    jobs.pause("p", job.id)
    run(chunks, lease)

    assert jobs.get("p", job.id).state == "succeeded"
