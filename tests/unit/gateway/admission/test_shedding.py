from __future__ import annotations

import contextlib
import threading

import pytest

from gateway.admission.refusal import Refusal
from gateway.admission.shedding import LoadShedder
from legacy_client.deadline import Deadline
from legacy_client.transport.base import Backlog


class Later:
    """Keeps actions until a test lets their time come."""

    def __init__(self) -> None:
        self.planned: list[tuple[float, object]] = []

    def __call__(self, seconds, action) -> None:
        self.planned.append((seconds, action))

    def come(self) -> None:
        for _, action in self.planned:
            action()


@pytest.fixture
def later():
    return Later()


@pytest.fixture
def queue():
    return {"age": 0.0}


@pytest.fixture
def shedder(later, queue):
    return LoadShedder(max_batches=2, max_queue_age=5.0, backlog=lambda: Backlog(1, queue["age"]), later=later)


def test_an_idle_worker_admits(shedder):
    assert shedder.admit() is None
    assert not shedder.refused


def test_a_batch_counts_as_under_way_until_it_ends(shedder):
    with shedder.running(Deadline(1)):
        assert shedder.under_way == 1

    assert shedder.under_way == 0


def test_a_batch_that_fails_no_longer_counts(shedder):
    with pytest.raises(RuntimeError), shedder.running(Deadline(1)):
        raise RuntimeError

    assert shedder.under_way == 0


def test_a_worker_with_enough_batches_refuses_more(shedder):
    with shedder.running(Deadline(1)), shedder.running(Deadline(1)):
        assert shedder.admit() == Refusal("too_many_batches", 1)

    assert shedder.admit() is None


def test_one_principal_leaves_a_quarter_of_the_places_to_the_others(later):
    shedder = LoadShedder(max_batches=8, max_queue_age=5.0, backlog=lambda: Backlog(0, 0.0), later=later)
    with contextlib.ExitStack() as batches:
        for _ in range(6):
            assert shedder.admit_batch("greedy") is None
            batches.enter_context(shedder.running(Deadline(1), "greedy"))

        assert shedder.admit_batch("greedy") == Refusal("too_many_of_one", 1)
        assert shedder.admit_batch("modest") is None
        assert shedder.admit() is None

    assert shedder.admit_batch("greedy") is None


@pytest.mark.parametrize(
    ("age", "refusal"), [(4.9, None), (5.0, Refusal("queue_too_old", 5)), (6.2, Refusal("queue_too_old", 7))]
)
def test_an_old_queue_refuses_more_and_names_its_age(shedder, queue, age, refusal):
    queue["age"] = age

    with shedder.running(Deadline(1)):
        assert shedder.admit() == refusal


def test_without_a_batch_nothing_waits_for_the_core(later):
    def asked() -> Backlog:
        raise AssertionError("nobody need ask")

    shedder = LoadShedder(max_batches=2, max_queue_age=5.0, backlog=asked, later=later)

    assert shedder.admit() is None


def test_a_draining_worker_says_so_and_admits_for_the_grace_time(shedder, later):
    assert not shedder.draining
    shedder.drain(10)

    assert shedder.draining
    assert shedder.admit() is None

    later.come()

    assert shedder.admit() == Refusal("draining", 1)


def test_refusals_are_counted_by_reason(shedder, queue):
    queue["age"] = 9
    with shedder.running(Deadline(1)):
        shedder.admit()
    shedder.drain(0)
    shedder.admit()
    shedder.admit()

    assert shedder.refused == {"queue_too_old": 1, "draining": 2}


def test_batches_under_way_keep_sending_for_the_grace_time_and_then_stop(shedder, later):
    deadline = Deadline(60)
    with shedder.running(deadline):
        shedder.drain(10)
        assert [seconds for seconds, _ in later.planned] == [10]
        assert deadline.stopped() is None

        later.come()

        assert deadline.stopped() == "shutting_down"


def test_a_drain_without_grace_stops_at_once(shedder, later):
    deadline = Deadline(60)
    with shedder.running(deadline):
        shedder.drain(0)

        assert deadline.stopped() == "shutting_down"
    assert later.planned == []


def test_a_batch_that_was_admitted_before_the_drain_and_begins_after_its_end_sends_nothing(shedder, later):
    deadline = Deadline(60)
    shedder.drain(10)
    later.come()

    with shedder.running(deadline):
        assert deadline.stopped() == "shutting_down"


def test_the_grace_time_runs_in_the_background_by_default():
    stopped = threading.Event()
    shedder = LoadShedder(max_batches=2, max_queue_age=5.0, backlog=lambda: Backlog(0, 0.0))
    deadline = Deadline(60)
    deadline.on_cancel(stopped.set)
    with shedder.running(deadline):
        shedder.drain(0.01)

        assert stopped.wait(timeout=30)
