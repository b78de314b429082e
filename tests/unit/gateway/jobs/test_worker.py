"""What keeps chunks running: the worker, its pulse, the sweeper, and permits that are lost or doubled."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest

from gateway.jobs.chunk import Ending
from gateway.jobs.dispatch.loop import LoopDispatch
from gateway.jobs.errors import NothingToRetry
from gateway.jobs.job import NewJob
from gateway.jobs.retry import retry
from gateway.jobs.sweeper import Pulse, Sweeper
from gateway.jobs.worker import Worker
from tests.doubles.chunk_runs import Away, Core, services
from tests.doubles.job_worlds import started


class NotingDispatch:
    """Counts the rings."""

    def __init__(self):
        self.rung = 0

    def ring(self, permits):
        self.rung += permits

    def depth(self):
        return self.rung


class Damaged:
    """A store that has lost the calls of one chunk."""

    def __init__(self, chunks, number):
        self._chunks = chunks
        self._number = number

    def __getattr__(self, name):
        return getattr(self._chunks, name)

    def next_chunk(self, worker):
        lease = self._chunks.next_chunk(worker)
        return replace(lease, calls=b"?") if lease and lease.chunk == self._number else lease


def test_a_worker_runs_one_chunk_at_a_time_and_tells_whether_one_was_due(stores):
    jobs, chunks = stores
    job = started(jobs, range(1200))
    worker = Worker("w", services(chunks, Core()))

    assert [worker.run_one() for _ in range(3)] == [True, True, False]
    assert jobs.get("p", job.id).state == "succeeded"


def test_a_fault_in_a_run_is_logged_and_the_chunk_is_tried_again(stores, world, caplog):
    caplog.set_level("WARNING", "gateway")
    jobs, chunks = stores
    job = started(jobs, [1])
    faulty = replace(services(chunks, Core()), resources={})
    assert Worker("w", faulty).run_one()
    world.pass_time(46)

    Worker("v", services(chunks, Core())).run_one()

    assert [record.message for record in caplog.records] == ["chunk_failed"]
    assert jobs.get("p", job.id).state == "succeeded"


def test_a_chunk_that_no_run_can_begin_with_is_given_up_too(stores, world):
    jobs, chunks = stores
    job = started(jobs, [1])
    worker = Worker("w", replace(services(chunks, Core()), resources={}))

    for _ in range(6):
        worker.run_one()
        world.pass_time(46)

    ended = jobs.get("p", job.id)
    assert (ended.state, [each.sample for each in ended.errors_by_code]) == (
        "failed",
        ["A job gave item 1 up after five attempts."],
    )


def test_a_worker_of_another_release_puts_a_chunk_that_it_does_not_know_back_untouched(stores, world):
    jobs, chunks = stores
    job = started(jobs, range(1, 601))
    older = Worker("older", replace(services(chunks, Core()), resources={}))
    newer = Worker("newer", services(chunks, Core()))

    for _ in range(8):
        chunks.beat("older")
        chunks.beat("newer")
        older.run_one()
        assert older.run_one() is False, "the whole job waits"
        world.pass_time(6)
    lease = chunks.next_chunk("look")
    chunks.undo(lease, Ending(is_excused=True))
    while newer.run_one():
        pass

    assert (lease.attempts, list(lease.events)) == (1, [])
    assert jobs.get("p", job.id).state == "succeeded"


def test_a_chunk_whose_calls_cannot_be_read_is_given_up_too_and_the_job_goes_on(stores, world):
    jobs, chunks = stores
    job = started(jobs, range(500), [1000])
    broken = chunks.next_chunk("w")
    chunks.undo(broken, Ending(is_excused=True))
    worker = Worker("w", services(Damaged(chunks, broken.chunk), Core()))

    for _ in range(7):
        worker.run_one()
        world.pass_time(46)

    ended = jobs.get("p", job.id)
    assert (ended.state, ended.counts.applied, ended.counts.failed) == ("partial", 1, 500)
    assert [each.code for each in ended.errors_by_code] == ["chunk_abandoned"]


def test_results_of_calls_that_cannot_be_read_are_shown_without_ids_and_are_not_retried(stores, world):
    jobs, chunks = stores
    job = started(jobs, [1, 2])
    with closing(sqlite3.connect(world.path, isolation_level=None)) as file:
        file.execute("UPDATE calls SET body = x'00'")
    worker = Worker("w", services(chunks, Core()))
    for _ in range(6):
        worker.run_one()
        world.pass_time(46)

    lines = jobs.results("p", job.id).lines

    assert [(line.index, line.item_id, line.kind) for line in lines] == [(0, "", "failed"), (1, "", "failed")]
    with pytest.raises(NothingToRetry):
        retry(jobs, "p", job.id, NewJob(resource="things", retry_of=job.id), repeats_unknown=True)


def test_a_store_that_is_away_is_told_of_once_and_when_it_is_back(stores, caplog):
    _, chunks = stores
    caplog.set_level("INFO")
    away, back = services(Away(), Core()), services(chunks, Core())
    worker = Worker("w", away)

    assert [worker.run_one() for _ in range(3)] == [False] * 3
    worker.beat()
    worker._services = back
    worker.beat()
    worker.beat()

    assert [record.message for record in caplog.records] == ["job_store_down", "job_store_back"]


def test_a_worker_that_has_nothing_to_do_tells_of_a_store_that_is_away(caplog):
    """The loop does not ask for a chunk then, since it gets no permit."""
    worker = Worker("w", services(Away("refused"), Core()))

    worker.beat()
    worker.beat()

    assert [(record.message, record.reason) for record in caplog.records] == [("job_store_down", "refused")]


def test_the_sweeper_rings_for_chunks_that_nobody_was_told_of(stores):
    jobs, chunks = stores
    started(jobs, range(5000))
    for name in ("a", "b"):
        chunks.beat(name)
    dispatch = NotingDispatch()

    Sweeper(chunks, dispatch).turn()

    assert dispatch.rung == 4


def test_no_more_permits_are_given_than_there_are_due_chunks(stores):
    jobs, chunks = stores
    started(jobs, [1])
    dispatch = NotingDispatch()

    Sweeper(chunks, dispatch).turn()

    assert dispatch.rung == 1


def test_permits_that_wait_are_not_given_again(stores, world):
    jobs, chunks = stores
    started(jobs, [1])
    dispatch = NotingDispatch()
    for _ in range(3):
        Sweeper(chunks, dispatch).turn()
        world.pass_time(5)

    assert dispatch.rung == 1


def test_the_sweeper_ends_what_is_to_end(stores, world):
    jobs, chunks = stores
    job = started(jobs, [1])
    chunks.next_chunk("dead")
    jobs.cancel("p", job.id)
    world.pass_time(46)

    Sweeper(chunks, NotingDispatch()).turn()

    assert jobs.get("p", job.id).state == "cancelled"


def test_the_loop_serves_until_it_is_stopped(stores):
    jobs, chunks = stores
    job = started(jobs, range(1200))
    dispatch = LoopDispatch(chunks, look_seconds=0.01)
    worker = Worker("w", services(chunks, Core()))

    def run_one():
        found = worker.run_one()
        if not jobs.get("p", job.id).is_live:
            dispatch.stop()
        return found

    dispatch.ring(1)
    dispatch.serve(run_one)

    assert jobs.get("p", job.id).state == "succeeded"
    assert dispatch.depth() == 1


def test_a_permit_that_led_to_a_chunk_does_for_the_next_and_is_given_back_at_the_stop(stores):
    jobs, chunks = stores
    started(jobs, range(3200))
    taken = []

    class Counting:
        def __getattr__(self, name):
            return getattr(chunks, name)

        def take_permit(self):
            taken.append(chunks.take_permit())
            return taken[-1]

    dispatch = LoopDispatch(Counting(), look_seconds=0.01)
    worker, runs = Worker("w", services(chunks, Core())), []

    def run_one():
        runs.append(worker.run_one())
        if len(runs) == 3:
            dispatch.stop()
        return runs[-1]

    dispatch.ring(1)
    dispatch.serve(run_one)

    assert (runs, taken, dispatch.depth()) == ([True] * 3, [True], 1)


def test_a_permit_is_used_up_where_no_chunk_is_due(stores):
    _, chunks = stores
    dispatch = LoopDispatch(chunks, look_seconds=0.01)
    worker, runs = Worker("w", services(chunks, Core())), []

    def run_one():
        runs.append(worker.run_one())
        dispatch.stop()
        return runs[-1]

    dispatch.ring(1)
    dispatch.serve(run_one)

    assert (runs, dispatch.depth()) == ([False], 0)


def test_the_loop_outlives_a_store_that_is_away():
    dispatch = LoopDispatch(Away(), look_seconds=0.01)
    thread = threading.Thread(target=dispatch.serve, args=(lambda: True,))
    thread.start()

    dispatch.stop()
    thread.join(timeout=10)

    assert not thread.is_alive()


def test_a_beat_that_fails_stops_neither_the_others_nor_the_next(caplog):
    second, many = threading.Event(), threading.Event()
    beats = []

    def fails():
        beats.append(1)
        if len(beats) > 2:
            many.set()
        raise ValueError("broken")

    pulse = Pulse(fails, second.set, every_seconds=0.01)
    pulse.start()

    assert second.wait(10)
    assert many.wait(10)
    pulse.stop()
    assert caplog.records[0].message == "job_beat_failed"
