from __future__ import annotations

from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legacy_client import errors
from legacy_client.health.limit import AdaptiveLimit
from legacy_client.health.locked_gate import LockedGate
from legacy_client.health.snapshot import DURATION_BOUNDS
from legacy_client.sending.reading import is_readable
from legacy_client.sending.statuses import meaning_of
from legacy_client.transport.memory import VirtualClock, answer
from tests.doubles.core_parts import some_budget, some_circuit, some_gate

if TYPE_CHECKING:
    from requests import Response

    from legacy_client.errors import CoreError
    from legacy_client.health.gate import CoreGate

FAILURES = [
    answer(500),
    answer(502),
    answer(503),
    answer(504),
    errors.Unreachable(),
    errors.TimedOut(),
    errors.BrokenOff(),
    errors.BadAnswer(),
]
HEALTH = [answer(status) for status in (200, 202, 204, 302, 400, 401, 403, 404, 409, 422, 429)]
NO_VERDICT = [errors.Stopped("deadline"), errors.Untrusted(), errors.Unsendable()]


def gate_with_circuit() -> CoreGate:
    return some_gate(
        ceiling=8, circuit=some_circuit(min_calls=2, failure_rate=0.5, open_seconds=5.0, clock=VirtualClock(9.0))
    )


def run(gate: CoreGate, *results: Response | CoreError, seconds: float = 0.0) -> None:
    for result in results:
        assert gate.admit() is None
        gate.record([result], [seconds])


@pytest.mark.parametrize("result", FAILURES, ids=repr)
def test_failures_open_the_circuit(result: Response | CoreError) -> None:
    gate = gate_with_circuit()

    run(gate, result, result)

    assert gate.snapshot().circuit == "open"


@pytest.mark.parametrize("result", [*HEALTH, *NO_VERDICT], ids=repr)
def test_answers_about_business_and_our_own_faults_do_not_open_the_circuit(result: Response | CoreError) -> None:
    gate = gate_with_circuit()

    run(gate, *[result] * 50)

    assert gate.snapshot().circuit == "closed"


@pytest.mark.parametrize("result", NO_VERDICT, ids=repr)
def test_what_says_nothing_about_the_core_does_not_dilute_the_failures(result: Response | CoreError) -> None:
    gate = gate_with_circuit()

    run(gate, *[result] * 50, *[answer(500)] * 2)

    assert gate.snapshot().circuit == "open"


def test_a_login_page_opens_the_circuit_once_it_was_read() -> None:
    gate = gate_with_circuit()

    run(gate, answer(200), answer(200))
    gate.misread()

    assert gate.snapshot().circuit == "open"
    assert gate.snapshot().attempts == {"2xx": 1, "bad_answer": 1}


def test_no_login_page_closes_the_circuit() -> None:
    clock = VirtualClock(9.0)
    circuit = some_circuit(min_calls=2, failure_rate=0.5, open_seconds=5.0, probes=2, clock=clock)
    gate = some_gate(ceiling=8, circuit=circuit, is_readable=is_readable, clock=clock)
    run(gate, answer(500), answer(500))

    clock.advance(5.0)
    run(gate, answer(200, b"<html>Log in</html>", Content_Type="text/html"))
    assert gate.snapshot().circuit == "open"

    clock.advance(5.0)
    run(gate, answer(200, b'{"data": {"id": 1}}'), answer(204))
    assert gate.snapshot().circuit == "closed"


def test_an_answer_that_was_misread_before_the_circuit_opened_says_nothing_of_its_probes() -> None:
    clock = VirtualClock(9.0)
    circuit = some_circuit(min_calls=2, failure_rate=0.5, open_seconds=5.0, probes=2, clock=clock)
    gate = some_gate(ceiling=8, circuit=circuit, clock=clock)
    run(gate, answer(500), answer(500))
    clock.advance(5.0)

    run(gate, answer(200))
    gate.misread()
    run(gate, answer(200))

    assert gate.snapshot().circuit == "closed"


def hasty_gate(clock: VirtualClock, **more: object) -> CoreGate:
    """With a circuit that two failures open; a whole attempt has 5 s."""
    circuit = some_circuit(min_calls=2, failure_rate=0.5, open_seconds=2.0, probes=2, clock=clock)
    return some_gate(ceiling=10, circuit=circuit, attempt_seconds=5.0, clock=clock, **more)


def hurry(gate: CoreGate, clock: VirtualClock, times: int = 1, each: float = 1.0) -> None:
    """Calls one after another, each cut short after a second."""
    for _ in range(times):
        assert gate.admit() is None
        clock.advance(each)
        gate.record([errors.TimedOut(cut_short=True)], [each])


@pytest.mark.parametrize("kind", [errors.TimedOut, errors.Unreachable])
def test_a_burst_of_calls_that_were_cut_short_says_nothing_about_the_core(kind: type[CoreError]) -> None:
    clock = VirtualClock(9.0)
    gate = hasty_gate(clock, limit=AdaptiveLimit(floor=1, ceiling=10, clock=clock))
    for _ in range(32):
        gate.admit()
    clock.advance(1.0)

    for _ in range(32):
        gate.record([kind(cut_short=True)], [1.0])

    assert (gate.snapshot().circuit, gate.snapshot().limit, gate.snapshot().in_flight) == ("closed", 10, 0)


def test_a_core_that_answers_nobody_for_a_whole_attempt_is_seen_although_all_are_in_haste() -> None:
    clock = VirtualClock(9.0)
    gate = hasty_gate(clock, limit=AdaptiveLimit(floor=1, ceiling=10, clock=clock))

    hurry(gate, clock, 5)
    before = gate.snapshot()
    hurry(gate, clock)

    assert (before.circuit, before.limit) == ("closed", 7)
    assert gate.snapshot().circuit == "open"


def test_one_answer_to_anybody_shows_that_the_core_is_not_silent() -> None:
    clock = VirtualClock(9.0)
    gate = hasty_gate(clock)
    for _ in range(3):
        hurry(gate, clock, 4)
        run(gate, answer(404))

    assert gate.snapshot().circuit == "closed"


def test_a_probe_that_was_cut_short_is_neither_a_failure_nor_lost() -> None:
    clock = VirtualClock(9.0)
    gate = hasty_gate(clock)
    hurry(gate, clock, 6)
    clock.advance(2.0)

    hurry(gate, clock, 5)
    assert gate.snapshot().circuit == "half_open"
    run(gate, answer(200), answer(200))

    assert gate.snapshot().circuit == "closed"


def test_an_open_circuit_refuses_and_says_for_how_long() -> None:
    gate = gate_with_circuit()
    run(gate, answer(500), answer(500))

    refused = gate.admit()

    assert isinstance(refused, errors.CircuitOpen)
    assert refused.retry_after == 5.0
    assert gate.snapshot().refused == 1
    assert gate.snapshot().in_flight == 0


def test_without_a_circuit_nothing_is_refused() -> None:
    gate = some_gate(ceiling=8)

    run(gate, *[answer(500)] * 100)

    assert gate.snapshot().circuit == "closed"


@pytest.mark.parametrize("result", [answer(429), answer(503), errors.TimedOut()], ids=repr)
def test_a_core_that_is_busy_lowers_the_limit(result: Response | CoreError) -> None:
    gate = some_gate(ceiling=10, limit=AdaptiveLimit(floor=1, ceiling=10))

    run(gate, result)

    assert gate.capacity() == gate.snapshot().limit == 7


@pytest.mark.parametrize("result", [answer(200), answer(404), answer(500), *NO_VERDICT], ids=repr)
def test_other_results_do_not_lower_the_limit(result: Response | CoreError) -> None:
    gate = some_gate(ceiling=10, limit=AdaptiveLimit(floor=1, ceiling=10))

    run(gate, result)

    assert gate.capacity() == 10


def gate_with_limit(clock: VirtualClock) -> CoreGate:
    return some_gate(ceiling=100, limit=AdaptiveLimit(floor=1, ceiling=100, clock=clock), clock=clock)


def test_a_200_that_says_busy_lowers_the_limit_as_a_503_does() -> None:
    gate = gate_with_limit(VirtualClock(9.0))

    run(gate, answer(200), seconds=0.1)
    gate.misread("busy")

    assert gate.capacity() == 70


@pytest.mark.parametrize("name", ["bad_answer", "5xx"])
def test_a_200_that_is_another_failure_does_not_lower_the_limit(name: str) -> None:
    gate = gate_with_limit(VirtualClock(9.0))

    run(gate, answer(200), seconds=0.1)
    gate.misread(name)

    assert gate.capacity() == 100


def test_a_burst_of_busy_200s_lowers_the_limit_once_in_whatever_turn_they_are_read() -> None:
    clock = VirtualClock(9.0)
    gate = gate_with_limit(clock)

    run(gate, *[answer(200)] * 30, seconds=0.1)
    for _ in range(30):
        gate.misread("busy")
    for _ in range(30):
        clock.advance(0.002)
        run(gate, answer(200), seconds=0.1)
        gate.misread("busy")

    assert gate.capacity() == 70


def test_a_busy_200_of_a_call_that_was_sent_after_the_cut_lowers_the_limit_again() -> None:
    clock = VirtualClock(9.0)
    gate = gate_with_limit(clock)
    run(gate, answer(200), seconds=0.1)
    gate.misread("busy")

    clock.advance(0.2)
    run(gate, answer(200), seconds=0.1)
    gate.misread("busy")

    assert gate.capacity() == 49


def test_without_an_adaptive_limit_the_ceiling_stands() -> None:
    gate = some_gate(ceiling=10)

    run(gate, *[answer(429)] * 10)

    assert gate.capacity() == 10


def test_attempts_are_counted_by_result() -> None:
    gate = some_gate(ceiling=8)

    run(gate, answer(200), answer(204), answer(302), answer(404), answer(429), answer(503), answer(500))
    run(gate, errors.TimedOut(), errors.Unreachable(), errors.Unreachable(), errors.BadAnswer())

    assert gate.snapshot().attempts == {
        "2xx": 2, "3xx": 1, "4xx": 1, "busy": 2, "5xx": 1, "timed_out": 1, "unreachable": 2, "bad_answer": 1,
    }  # fmt: skip


def test_attempts_are_counted_by_duration() -> None:
    gate = some_gate(ceiling=8)

    for seconds in (0.0005, 0.001, 0.02, 60.0):
        run(gate, answer(200), seconds=seconds)

    counts = gate.snapshot().duration_counts
    assert (counts[0], counts[DURATION_BOUNDS.index(0.025)], counts[-1], sum(counts)) == (2, 1, 1, 4)
    assert gate.snapshot().duration_sum == pytest.approx(60.0215)


def test_what_is_under_way_is_counted() -> None:
    gate = some_gate(ceiling=8)
    for _ in range(3):
        gate.admit()

    gate.record([answer(200)], [0.1])

    assert gate.snapshot().in_flight == 2


def test_retries_are_those_of_the_budget() -> None:
    budget = some_budget(floor=3)
    budget.take(2)

    assert some_gate(ceiling=8, budget=budget).snapshot().retries == 2


def test_a_locked_gate_counts_what_threads_bring_it() -> None:
    gate = LockedGate(some_gate(ceiling=8))
    threads = [Thread(target=run, args=(gate, *[answer(200)] * 500)) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (gate.snapshot().in_flight, gate.snapshot().attempts) == (0, {"2xx": 2000})


@pytest.mark.parametrize("status", range(400, 600))
def test_what_is_sent_again_because_the_core_is_busy_is_counted_so(status: int) -> None:
    gate = gate_with_circuit()

    run(gate, answer(status))

    assert ("busy" in gate.snapshot().attempts) is issubclass(meaning_of(status), errors.Busy)


@given(
    st.lists(
        st.tuples(st.sampled_from([*HEALTH[:3], answer(404), answer(500), errors.TimedOut()]), st.floats(0.0, 20.0))
    ),
    st.integers(0, 8),
)
def test_results_of_a_turn_count_as_one_by_one(ended: list[tuple[Response | CoreError, float]], size: int) -> None:
    def gate() -> CoreGate:
        circuit = some_circuit(min_calls=3, failure_rate=0.5, open_seconds=5.0, clock=VirtualClock(9.0))
        return some_gate(ceiling=8, circuit=circuit, limit=AdaptiveLimit(floor=2, ceiling=8, clock=VirtualClock(9.0)))

    together, alone = gate(), gate()
    together.record([answer(500), answer(500)][:size], [1.0, 1.0][:size])
    alone.record([answer(500), answer(500)][:size], [1.0, 1.0][:size])
    together.record([result for result, _ in ended], [seconds for _, seconds in ended])
    for result, seconds in ended:
        alone.record([result], [seconds])

    assert replace(together.snapshot(), duration_sum=0.0) == replace(alone.snapshot(), duration_sum=0.0)
    assert together.snapshot().duration_sum == pytest.approx(alone.snapshot().duration_sum)
