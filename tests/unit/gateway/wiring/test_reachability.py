"""Readiness asks after the core often; the core is asked seldom, and nobody waits long."""

from __future__ import annotations

import threading

import pytest

from gateway.wiring.reachability import Reachability
from legacy_client.errors import Unreachable


class Core:
    """Answers pings as it is told, and counts them."""

    def __init__(self) -> None:
        self.error: Unreachable | None = None
        self.pings = 0

    def ping(self) -> Unreachable | None:
        self.pings += 1
        return self.error


class Later:
    """Runs a look only when a test says so."""

    def __init__(self) -> None:
        self.looks = []

    def __call__(self, look) -> None:
        self.looks.append(look)

    def come(self) -> None:
        while self.looks:
            self.looks.pop()()


@pytest.fixture
def core():
    return Core()


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def at_once(core, now):
    return Reachability(core.ping, seconds=0.05, clock=lambda: now[0], run=lambda look: look())


@pytest.fixture
def later():
    return Later()


@pytest.fixture
def slow(core, now, later):
    return Reachability(core.ping, seconds=0.05, clock=lambda: now[0], run=later)


def test_a_core_that_answers_is_reachable_and_one_that_does_not_is_not(at_once, core, now):
    assert at_once.is_reachable()

    core.error = Unreachable()
    now[0] += 2.0

    assert not at_once.is_reachable()


def test_one_look_serves_all_who_ask_within_two_seconds(at_once, core, now):
    for _ in range(20):
        at_once.is_reachable()
        now[0] += 0.09

    assert core.pings == 1


def test_before_the_first_look_has_ended_the_core_counts_as_out_of_reach(slow, later):
    assert not slow.is_reachable()

    later.come()

    assert slow.is_reachable()


def test_while_a_look_takes_long_the_last_one_is_told_and_nobody_looks_twice(slow, core, later, now):
    slow.is_reachable()
    later.come()
    core.error = Unreachable()
    now[0] += 5.0

    assert [slow.is_reachable() for _ in range(3)] == [True] * 3
    assert len(later.looks) == 1

    later.come()
    assert not slow.is_reachable()


def test_those_who_ask_at_once_share_a_look(core):
    begun, may_end = threading.Event(), threading.Event()

    def ping():
        begun.set()
        may_end.wait(10)
        return core.ping()

    reachability = Reachability(ping, seconds=10.0)
    told = []
    askers = [threading.Thread(target=lambda: told.append(reachability.is_reachable())) for _ in range(5)]
    for asker in askers:
        asker.start()
    begun.wait(10)
    may_end.set()
    for asker in askers:
        asker.join(10)

    assert (told, core.pings) == ([True] * 5, 1)
