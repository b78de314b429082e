"""One contract for every store of jobs: a job of what another left (contract 1.6)."""

from __future__ import annotations

import pytest

from gateway.item_codes import Applied
from gateway.jobs.chunk import unpack
from gateway.jobs.errors import JobNotFound, NothingToRetry, WrongState
from gateway.jobs.job import NewJob
from gateway.jobs.retry import retry
from tests.doubles.job_worlds import APPLIED, failed, run, run_all, started

OUTCOMES = {
    0: APPLIED,
    1: failed("rejected"),
    2: failed("core_error", Applied.NOT_APPLIED),
    3: failed("core_timeout"),
}


@pytest.fixture
def ended(jobs, chunks):
    """Five items: applied, refused, failed for now, unknown, not processed."""
    job = started(jobs, range(10, 15))
    run(chunks, chunks.next_chunk("w"), OUTCOMES)
    jobs.cancel("p", job.id)
    return job


def again(jobs, job, *, principal="p", repeats_unknown=False):
    new = NewJob(resource="things", retry_of=job.id)
    return retry(jobs, principal, job.id, new, repeats_unknown=repeats_unknown)


@pytest.mark.parametrize(("repeats_unknown", "ids"), [(False, ["12", "14"]), (True, ["12", "13", "14"])])
def test_what_failed_for_now_and_what_was_not_processed_is_sent_again(jobs, chunks, ended, repeats_unknown, ids):
    made = again(jobs, ended, repeats_unknown=repeats_unknown)

    lease = chunks.next_chunk("w")

    assert (made.state, made.retry_of, made.counts.total) == ("queued", ended.id, len(ids))
    assert jobs.get("p", ended.id).retried_as == made.id
    assert (lease.job_id, [call.id for call in unpack(lease.calls)]) == (made.id, ids)


def test_items_keep_the_keys_that_they_had_over_every_retry(jobs, chunks, ended):
    first = again(jobs, ended)
    jobs.cancel("p", first.id)
    again(jobs, first)

    assert chunks.next_chunk("w").keys_of == ended.id


def test_a_second_retry_gives_the_first_again(jobs, ended):
    assert again(jobs, ended).id == again(jobs, ended).id
    assert len(jobs.jobs("p", most=9).jobs) == 2


class Raced:
    """A store of which another asks for the same retry right before ``method`` is first called."""

    def __init__(self, jobs, method, other):
        self._jobs, self._method, self._other = jobs, method, other

    def __getattr__(self, name):
        if name == self._method:
            self._method = ""
            self._other()
        return getattr(self._jobs, name)


@pytest.mark.parametrize("method", ["create", "link_retry", "put_part", "start"])
def test_of_two_who_ask_for_a_retry_at_once_both_get_the_same(jobs, chunks, ended, method):
    made = again(Raced(jobs, method, lambda: again(jobs, ended)), ended)

    assert [made.id, ended.id] == [job.id for job in jobs.jobs("p", most=9).jobs]
    assert (made.state, made.counts.total) == ("queued", 2)
    assert run_all(chunks) == 1


def test_a_retry_that_was_cut_off_midway_is_completed(jobs, ended):
    made, _ = jobs.create("p", NewJob(resource="things", retry_of=ended.id))
    jobs.link_retry(ended.id, made.id)

    assert again(jobs, ended).id == made.id
    assert jobs.get("p", made.id).state == "queued"


def test_a_retry_that_was_removed_can_be_made_anew(jobs, ended):
    first = again(jobs, ended)
    jobs.cancel("p", first.id)
    jobs.remove("p", first.id)

    assert again(jobs, ended).id != first.id


def test_a_large_retry_has_many_parts(jobs, chunks):
    job = started(jobs, range(1000), range(1000, 2500))
    jobs.cancel("p", job.id)

    made = again(jobs, job)

    assert (made.parts, made.counts.total) == (3, 2500)
    assert run_all(chunks) == 3


def test_a_job_without_anything_to_retry_is_left_alone(jobs, chunks):
    job = started(jobs, [1, 2])
    run(chunks, chunks.next_chunk("w"), {0: APPLIED, 1: failed("rejected")})

    with pytest.raises(NothingToRetry):
        again(jobs, job)
    assert len(jobs.jobs("p", most=9).jobs) == 1


def test_a_live_job_and_anothers_cannot_be_retried(jobs, ended):
    live = started(jobs, [1])
    with pytest.raises(WrongState):
        again(jobs, live)
    with pytest.raises(JobNotFound):
        again(jobs, ended, principal="q")
