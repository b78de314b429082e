"""What is sent to the core again, how often, and what never is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from legacy_client.errors import (
    AccessDenied,
    BadAnswer,
    BrokenOff,
    Busy,
    CircuitOpen,
    Conflict,
    NotFound,
    Rejected,
    ServerFailed,
    Stopped,
    TimedOut,
    Unreachable,
)
from legacy_client.operations import UPDATE_ACTION
from legacy_client.transport.memory import answer
from tests.doubles.core_parts import some_budget
from tests.unit.legacy_client.contexts import Core, updated, updates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from legacy_client.errors import CoreError


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (answer(400), Rejected),
        (answer(404), NotFound),
        (answer(409), Conflict),
        (answer(403), AccessDenied),
        (answer(407), AccessDenied),
        (answer(500), ServerFailed),
        (answer(302), BadAnswer),
        (answer(200, b"<html>"), BadAnswer),
        (updated(8), BadAnswer),
        (TimedOut(), TimedOut),
        (BrokenOff(), BrokenOff),
        (BadAnswer(), BadAnswer),
        (CircuitOpen(), CircuitOpen),
        (Stopped("client_gone"), Stopped),
    ],
    ids=repr,
)
def test_a_final_failure_is_sent_once(result: object, kind: type[CoreError]) -> None:
    core = Core({1: [result]})

    results = core.update(3)

    assert type(results[1]) is kind
    assert results[0] == {"id": 0, "state": 2}
    assert core.attempts == {0: 1, 1: 1, 2: 1}


@pytest.mark.parametrize("failure", [*map(answer, (408, 421, 423, 425, 429, 503)), Unreachable()], ids=repr)
def test_a_safe_failure_is_sent_again_until_it_succeeds(failure: object) -> None:
    core = Core({1: [failure, failure, updated(1)]})

    results = core.update(3)

    assert results == {i: {"id": i, "state": 2} for i in range(3)}
    assert core.attempts == {0: 1, 1: 3, 2: 1}


@pytest.mark.parametrize("failure", [TimedOut(), BrokenOff(), BadAnswer(), answer(500), answer(200, b"{")], ids=repr)
@pytest.mark.parametrize("honours", [True, False])
def test_an_uncertain_failure_is_sent_again_only_where_the_core_honours_keys(failure: object, honours: bool) -> None:
    core = Core({0: [failure, updated(0)]}, honours_idempotency=honours)

    results = core.update(1)

    assert core.attempts == {0: 2 if honours else 1}
    assert isinstance(results[0], dict) is honours


def test_a_server_error_is_sent_again_where_the_core_is_atomic() -> None:
    core = Core({0: [answer(500), updated(0)]}, atomic_errors=True)

    assert core.update(1) == {0: {"id": 0, "state": 2}}


def test_there_are_no_more_attempts_than_allowed() -> None:
    core = Core({0: [answer(503)]}, attempts=4)

    results = core.update(1)

    assert isinstance(results[0], Busy)
    assert core.attempts == {0: 4}
    assert len(core.waited) == 3


def test_the_waits_of_a_batch_are_told_apart() -> None:
    core = Core({1: [answer(503), answer(503), updated(1)]}, latency=lambda _request: 2.0)
    context = core.context()

    core.update(3, context)

    # Three rounds, and in each all calls at once.
    assert context.waits.answers == 6.0
    assert context.waits.repeats == pytest.approx(sum(core.waited))
    assert (len(core.waited), context.waits.turns) == (2, 0.0)


def test_one_attempt_means_no_retries() -> None:
    core = Core({0: [answer(503)]}, attempts=1)

    core.update(1)

    assert (core.attempts, core.waited) == ({0: 1}, [])


def test_an_unknown_result_stays_unknown_when_the_retry_is_turned_away() -> None:
    core = Core({0: [TimedOut(), answer(503)]}, honours_idempotency=True)

    results = core.update(1)

    assert isinstance(results[0], TimedOut)


def test_the_budget_bounds_what_is_sent_again() -> None:
    core = Core({i: [answer(503), updated(i)] for i in range(100)}, budget=some_budget(ratio=0.1, floor=0))

    results = core.update(100)

    assert [index for index, result in sorted(results.items()) if isinstance(result, dict)] == list(range(10))
    assert sum(core.attempts.values()) == 110


def test_a_full_outage_is_not_multiplied() -> None:
    core = Core({i: [Unreachable()] for i in range(1000)}, budget=some_budget(ratio=0.1, floor=3))

    core.update(1000)

    assert sum(core.attempts.values()) == 1100


def test_what_was_never_sent_earns_no_retries() -> None:
    script = {i: [CircuitOpen()] for i in range(90)} | {i: [answer(503)] for i in range(90, 100)}
    core = Core(script, budget=some_budget(ratio=0.1, floor=0))

    core.update(100)

    assert sum(core.attempts[i] for i in range(90, 100)) == 11


class Marks:
    """Lets everything leave, and keeps what it was told."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def begin(self, positions: Sequence[int]) -> None:
        self.heard.append(list(positions))

    def upto(self) -> int:
        return 100

    def put_back(self, position: int, *, may_have_been_applied: bool) -> None:
        self.heard.append((position, may_have_been_applied))


def test_marks_hear_of_each_round_and_of_each_attempt_that_is_made_again() -> None:
    core = Core({1: [answer(503), updated(1)], 2: [TimedOut(), updated(2)]}, honours_idempotency=True)
    marks = Marks()

    list(core.client.send(UPDATE_ACTION, updates(4), core.context(marks=marks)))

    assert marks.heard == [[0, 1, 2, 3], (1, False), (2, True), [1, 2]]


def test_no_round_leaves_beyond_its_marks() -> None:
    core = Core({i: [answer(503), updated(i)] for i in range(4)})
    marks = Marks()
    marks.upto = lambda: sum(type(heard) is tuple for heard in marks.heard) + 1

    list(core.client.send(UPDATE_ACTION, updates(4), core.context(marks=marks, concurrency=4)))

    assert marks.heard == [[0, 1, 2, 3], *((i, False) for i in range(4)), [0, 1, 2, 3]]


def test_closing_the_results_early_sends_nothing_new() -> None:
    core = Core({0: [answer(503)]})
    results = core.client.send(UPDATE_ACTION, updates(100), core.context(concurrency=1))

    next(results)
    results.close()

    assert len(core.transport.seen) < 5
    assert core.waited == []
