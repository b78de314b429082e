"""Readiness asks after the core often; the core is asked seldom, and nobody waits long."""

from __future__ import annotations

import threading

import pytest

from gateway.wiring.reachability import Reachability, told_kind
from legacy_client.errors import Unreachable, Untrusted


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
    assert at_once.problem() is None

    core.error = Unreachable()
    now[0] += 2.0

    assert at_once.problem() is not None


def test_one_look_serves_all_who_ask_within_two_seconds(at_once, core, now):
    for _ in range(20):
        at_once.problem()
        now[0] += 0.09

    assert core.pings == 1


def test_before_the_first_look_has_ended_the_core_counts_as_out_of_reach(slow, later):
    assert slow.problem() is not None

    later.come()

    assert slow.problem() is None


def test_while_a_look_takes_long_the_last_one_is_told_and_nobody_looks_twice(slow, core, later, now):
    slow.problem()
    later.come()
    core.error = Unreachable()
    now[0] += 5.0

    assert [(slow.problem() is None) for _ in range(3)] == [True] * 3
    assert len(later.looks) == 1

    later.come()
    assert slow.problem() is not None


def test_those_who_ask_at_once_share_a_look(core):
    begun, may_end = threading.Event(), threading.Event()

    def ping():
        begun.set()
        may_end.wait(10)
        return core.ping()

    reachability = Reachability(ping, seconds=10.0)
    told = []
    askers = [threading.Thread(target=lambda: told.append(reachability.problem() is None)) for _ in range(5)]
    for asker in askers:
        asker.start()
    begun.wait(10)
    may_end.set()
    for asker in askers:
        asker.join(10)

    assert (told, core.pings) == ([True] * 5, 1)


def events(caplog):
    return [(record.message, getattr(record, "reason", "")) for record in caplog.records]


@pytest.mark.parametrize(
    ("problem", "word"),
    [
        (Unreachable("ECONNREFUSED, core:443"), "unreachable"),
        (Untrusted("WRONG_VERSION_NUMBER, core:443"), "tls"),
        (Untrusted("TLSV1_ALERT_PROTOCOL_VERSION, core:443"), "tls"),
        (Untrusted("CERTIFICATE_VERIFY_FAILED (certificate has expired), core:443"), "certificate"),
        (Untrusted("TLSV1_ALERT_UNKNOWN_CA, core:443"), "certificate"),
        (Untrusted("TLSV13_ALERT_CERTIFICATE_REQUIRED, core:443"), "certificate"),
    ],
)
def test_a_fault_of_a_certificate_is_told_from_one_of_tls(problem, word):
    assert told_kind(problem) == word


def test_what_changes_is_logged_once_with_its_reason(at_once, core, now, caplog):
    caplog.set_level("INFO")
    core.error = Unreachable("ECONNREFUSED, core:9000")
    at_once.start()
    for error in (core.error, Untrusted("CERTIFICATE_VERIFY_FAILED, core:9000"), None, None):
        core.error = error
        now[0] += 2.0
        at_once.problem()

    assert events(caplog) == [
        ("core_unreachable", "unreachable: ECONNREFUSED, core:9000"),
        ("core_unreachable", "certificate: CERTIFICATE_VERIFY_FAILED, core:9000"),
        ("core_reachable", ""),
    ]
