"""Whether jobs can be had, and what is told of them."""

from __future__ import annotations

import pytest

from gateway.jobs.availability import FORWARDS, NO_WORKER, Availability
from gateway.jobs.watch import Watch
from tests.doubles.chunk_runs import Away
from tests.doubles.clocks import FakeClock
from tests.doubles.job_worlds import started


def test_jobs_can_be_had_while_a_worker_is_alive(stores, world):
    jobs, chunks = stores
    clock = FakeClock()
    availability = Availability(chunks, forwards=False, clock=clock)

    assert availability.reason() == NO_WORKER
    assert availability.check() == {"ready": True, "detail": NO_WORKER}
    started(jobs, [1])
    clock.advance(2)
    assert availability.check() == {"ready": True, "reason": NO_WORKER}
    chunks.beat("w")
    clock.advance(2)
    assert availability.check() == {"ready": True}
    world.pass_time(61)
    clock.advance(2)
    assert availability.reason() == NO_WORKER


def test_the_store_is_asked_once_in_two_seconds(stores):
    _, chunks = stores
    clock = FakeClock()
    availability = Availability(chunks, forwards=False, clock=clock)
    chunks.beat("w")
    assert availability.reason() == ""
    chunks.rest("w")
    clock.advance(1.9)

    assert availability.reason() == ""
    clock.advance(0.1)
    assert availability.reason() == NO_WORKER


def test_a_process_that_saw_no_worker_takes_jobs_as_soon_as_another_says_that_they_can_be_had(stores):
    _, chunks = stores
    clock = FakeClock()
    here, there = (Availability(chunks, forwards=False, clock=clock) for _ in range(2))
    assert here.reason() == NO_WORKER
    chunks.beat("w")

    assert there.check() == {"ready": True}
    assert here.reason() == ""


def test_a_store_that_is_away_is_a_reason_too():
    assert Availability(Away(), forwards=False).reason() == "the store of jobs cannot be had: away"


def test_a_store_that_somebody_writes_to_is_none():
    availability = Availability(Away("SQLITE_BUSY: database is locked; file jobs.sqlite"), forwards=False)

    assert availability.reason() == ""
    assert availability.check() == {"ready": True}


@pytest.mark.parametrize(
    ("unfit", "risk", "told"),
    [("it evicts", "it forgets", {"reason": "it evicts"}), ("", "it forgets", {"risk": "it forgets"}), ("", "", {})],
)
def test_readiness_tells_what_may_cost_jobs(stores, unfit, risk, told):
    stores[1].beat("w")
    availability = Availability(stores[1], forwards=False, unfit=lambda: unfit, risk=lambda: risk)

    assert availability.reason() == ""
    assert availability.check() == {"ready": True, **told}


def test_where_tokens_are_forwarded_there_are_no_jobs_and_readiness_tells_of_no_fault(stores):
    availability = Availability(stores[1], forwards=True)

    assert availability.reason() == FORWARDS
    assert availability.check() == {"ready": True, "detail": FORWARDS}


def test_the_metrics_show_jobs_as_they_were_at_the_last_look(stores):
    jobs, chunks = stores
    clock = FakeClock()
    watch = Watch(chunks, clock)
    assert watch.numbers() == {}
    started(jobs, range(1200))
    chunks.beat("w")
    watch.turn()
    started(jobs, [1])
    clock.advance(4.9)
    watch.turn()

    numbers = watch.numbers()

    assert (numbers["gateway_jobs", "queued"], numbers["gateway_jobs", "running"]) == (1, 0)
    assert numbers["gateway_job_without_progress_seconds",] >= 0
    assert (numbers["gateway_job_chunks", "due"], numbers["gateway_job_workers",]) == (2, 1)
    clock.advance(0.1)
    watch.turn()
    assert watch.numbers()["gateway_jobs", "queued"] == 2
