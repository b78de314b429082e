"""One contract for every store of jobs: counts, results and states from the start to the end (contract 1.6)."""

from __future__ import annotations

import pytest

from gateway.batch.outcome import ItemError
from gateway.item_codes import Applied
from gateway.jobs.errors import JobNotFound, WrongState
from gateway.jobs.job import Counts, ErrorCount, NewJob
from tests.doubles.job_worlds import APPLIED, all_results, failed, run, run_all, settled, started

REJECTED = failed("rejected", detail="It is too long.")


UNKNOWN = failed("core_timeout", Applied.UNKNOWN)


MANY = range(2400)


def test_counts_follow_each_write_and_add_up(jobs, chunks):
    job = started(jobs, range(6))
    lease = chunks.next_chunk("w")
    chunks.write(lease, [], settled(lease, {0: APPLIED, 1: REJECTED, 2: UNKNOWN}))

    counts = jobs.get("p", job.id).counts

    assert counts == Counts(total=6, applied=1, failed=1, unknown=1)
    assert counts.unprocessed == 3


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ({0: APPLIED, 1: APPLIED}, "succeeded"),
        ({0: APPLIED, 1: REJECTED}, "partial"),
        ({0: APPLIED, 1: UNKNOWN}, "partial"),
        ({0: REJECTED, 1: REJECTED}, "failed"),
        ({0: UNKNOWN, 1: REJECTED}, "failed"),
    ],
)
def test_an_ended_job_is_called_what_its_counts_say(jobs, chunks, world, outcomes, state):
    job = started(jobs, [1, 2])
    world.pass_time(5)
    run(chunks, chunks.next_chunk("w"), outcomes)

    ended = jobs.get("p", job.id)

    assert (ended.state, ended.ended_at, ended.expires_at) == (state, job.created_at + 5, job.created_at + 5 + 604_800)
    assert not ended.is_live


def test_a_job_is_queued_then_runs_and_knows_its_position(jobs, chunks):
    jobs_of = {principal: started(jobs, MANY, principal=principal) for principal in "pqr"}
    chunks.next_chunk("w")

    shown = {principal: jobs.get(principal, job.id) for principal, job in jobs_of.items()}

    assert [(job.state, job.position) for job in shown.values()] == [("running", 0), ("queued", 1), ("queued", 2)]


def test_errors_are_counted_by_code_with_the_first_of_each(jobs, chunks):
    job = started(jobs, range(500), range(500, 504))
    first, second = chunks.next_chunk("w"), chunks.next_chunk("w")
    run(chunks, second, {0: REJECTED, 1: REJECTED, 2: APPLIED, 3: failed("not_found", detail="It is not there.")})
    chunks.write(first, [], settled(first, {9: failed("rejected", detail="It is too short.")}))

    found = {each.code: each for each in jobs.get("p", job.id).errors_by_code}

    assert found == {
        "rejected": ErrorCount("rejected", 3, 9, "It is too short."),
        "not_found": ErrorCount("not_found", 1, 503, "It is not there."),
    }


def test_the_rate_is_that_of_the_last_half_minute(jobs, chunks, world):
    job = started(jobs, MANY)
    run(chunks, chunks.next_chunk("w"))
    world.pass_time(20)
    run(chunks, chunks.next_chunk("w"))

    at_first = jobs.get("p", job.id)
    world.pass_time(15)
    later = jobs.get("p", job.id)
    world.pass_time(40)
    at_last = jobs.get("p", job.id)

    assert (at_first.rate, later.rate, at_last.rate) == (100.0, pytest.approx(1000 / 30), 0.0)
    assert at_first.estimated_end_at == job.created_at + 20 + 400 / 100
    assert at_last.estimated_end_at is None
    assert at_last.last_progress_at == job.created_at + 20


def test_no_end_is_estimated_in_the_first_ten_seconds_and_while_it_pauses(jobs, chunks, world):
    job = started(jobs, MANY)
    run(chunks, chunks.next_chunk("w"))
    world.pass_time(9)
    early = jobs.get("p", job.id).estimated_end_at
    world.pass_time(2)
    later = jobs.get("p", job.id).estimated_end_at
    jobs.pause("p", job.id)

    assert (early, later is None, jobs.get("p", job.id).estimated_end_at) == (None, False, None)


def test_the_version_grows_with_each_change_and_with_nothing_else(jobs, chunks, world):
    job = started(jobs, [1, 2])
    versions = [job.version]
    lease = chunks.next_chunk("w")
    versions.append(jobs.get("p", job.id).version)
    chunks.write(lease, [], settled(lease, {0: APPLIED}))
    versions.append(jobs.get("p", job.id).version)
    world.pass_time(3)
    chunks.renew(lease)
    versions.append(jobs.get("p", job.id).version)

    assert versions[0] < versions[1] < versions[2] == versions[3]


def test_results_can_be_read_while_it_runs_and_a_cursor_goes_on(jobs, chunks):
    job = started(jobs, range(5))
    lease = chunks.next_chunk("w")
    chunks.write(lease, [], settled(lease, {3: APPLIED, 1: REJECTED}))

    page = jobs.results("p", job.id)
    rest = jobs.results("p", job.id, since=page.cursor)

    assert [(line.index, line.part, line.line, line.item_id) for line in page.lines] == [(1, 1, 2, "1"), (3, 1, 4, "3")]
    assert [line.outcome for line in page.lines] == [REJECTED, APPLIED]
    assert (page.is_last, rest.lines, rest.is_last) == (False, [], False)


def test_what_is_settled_later_follows_behind_the_cursor(jobs, chunks):
    job = started(jobs, range(500), range(500, 502))
    first, second = chunks.next_chunk("w"), chunks.next_chunk("w")
    run(chunks, second)
    page = jobs.results("p", job.id)
    chunks.write(first, [], settled(first, {7: APPLIED}))

    rest = jobs.results("p", job.id, since=page.cursor)

    assert [line.index for line in page.lines] == [500, 501]
    assert [(line.index, line.part, line.line) for line in rest.lines] == [(7, 1, 8)]


def test_each_item_of_an_ended_job_has_one_line(jobs, chunks):
    job = started(jobs, [10, 11], [12, 13, 14])
    run(chunks, chunks.next_chunk("w"), {0: APPLIED, 1: REJECTED})
    run(chunks, chunks.next_chunk("w"), {0: APPLIED, 1: UNKNOWN}, is_done=False)
    jobs.cancel("p", job.id)

    assert all_results(jobs, job) == [(0, "applied"), (1, "failed"), (2, "applied"), (3, "unknown"), (4, "unprocessed")]


@pytest.mark.parametrize(
    ("outcome", "indexes"), [("applied", [0, 2]), ("failed", [1]), ("unknown", [3]), ("unprocessed", [4])]
)
def test_results_can_be_had_by_outcome(jobs, chunks, outcome, indexes):
    job = started(jobs, range(5))
    run(chunks, chunks.next_chunk("w"), {0: APPLIED, 1: REJECTED, 2: APPLIED, 3: UNKNOWN})
    jobs.cancel("p", job.id)

    assert all_results(jobs, job, outcome=outcome) == [(index, outcome) for index in indexes]


def test_a_page_of_results_is_bounded_and_every_cursor_leads_on(jobs, chunks):
    job = started(jobs, MANY)
    run_all(chunks)

    assert len(jobs.results("p", job.id, most=7).lines) == 7
    assert all_results(jobs, job, most=211) == [(index, "applied") for index in MANY]


@pytest.mark.parametrize("cursor", ["x", "s", "s1", "s1.", "sa.1", "t1.2", "s1.2.3", "s-1.2", "s٣.1"])
def test_a_cursor_that_is_none_is_a_value_error(jobs, cursor):
    job = started(jobs, [1])

    with pytest.raises(ValueError, match="cursor"):
        jobs.results("p", job.id, since=cursor)


def test_a_stored_error_comes_back_as_it_was(jobs, chunks):
    error = ItemError(
        status=422,
        code="rejected",
        detail="The core rejected it.",
        outcome=Applied.NOT_APPLIED,
        errors={"title": ["too long"]},
        message="No.",
    )
    job = started(jobs, [1])
    run(chunks, chunks.next_chunk("w"), {0: error})

    assert jobs.results("p", job.id).lines[0].outcome == error


def test_an_ended_job_can_be_removed_and_its_data_goes(jobs, chunks):
    job = started(jobs, MANY, key="k")
    before = chunks.gauges().used_bytes
    with pytest.raises(WrongState):
        jobs.remove("p", job.id)
    run_all(chunks)

    jobs.remove("p", job.id)
    with pytest.raises(JobNotFound):
        jobs.get("p", job.id)
    assert jobs.jobs("p", most=5).jobs == []
    while chunks.sweep():
        pass

    assert chunks.gauges().used_bytes < before
    assert jobs.create("p", NewJob(resource="things", key="k"))[1]


def test_an_ended_job_is_kept_for_seven_days_and_then_removed(jobs, chunks, world):
    job = started(jobs, [1])
    run_all(chunks)
    world.pass_time(604_799)
    chunks.sweep()
    assert jobs.get("p", job.id).counts.applied == 1
    world.pass_time(2)

    chunks.sweep()

    with pytest.raises(JobNotFound):
        jobs.get("p", job.id)


def test_a_job_that_pauses_for_seven_days_is_cancelled(jobs, chunks, world):
    job = started(jobs, [1])
    jobs.pause("p", job.id)
    world.pass_time(604_801)

    chunks.sweep()

    assert (jobs.get("p", job.id).state, jobs.get("p", job.id).why) == ("cancelled", "expired")


def test_a_job_and_its_retry_name_each_other(jobs):
    job = started(jobs, [1])
    retry, _ = jobs.create("p", NewJob(resource="things", retry_of=job.id))

    jobs.link_retry(job.id, retry.id)

    assert (jobs.get("p", job.id).retried_as, jobs.get("p", retry.id).retry_of) == (retry.id, job.id)


def test_what_was_written_is_there_for_the_next_process(jobs, chunks, world):
    job = started(jobs, range(5))
    lease = chunks.next_chunk("w")
    chunks.write(lease, [b"event"], settled(lease, {0: APPLIED}))
    again, others = world.open()

    assert again.get("p", job.id) == jobs.get("p", job.id)
    others.renew(lease)
