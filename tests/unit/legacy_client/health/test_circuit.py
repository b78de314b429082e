from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from legacy_client.health.circuit import Circuit, Window
from legacy_client.transport.memory import VirtualClock
from tests.doubles.core_parts import some_circuit

WINDOW, MIN_CALLS, OPEN, PROBES = 10.0, 4, 5.0, 2


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1000.0)


@pytest.fixture
def circuit(clock: VirtualClock) -> Circuit:
    return some_circuit(
        window_seconds=WINDOW, min_calls=MIN_CALLS, failure_rate=0.5, open_seconds=OPEN, probes=PROBES, clock=clock
    )


def call(circuit: Circuit, failed: bool | None, times: int = 1) -> None:
    for _ in range(times):
        assert circuit.admit() is None
        circuit.record(failed, 0.0)


def open_up(circuit: Circuit) -> None:
    call(circuit, True, MIN_CALLS)
    assert circuit.state == "open"


def test_it_opens_when_enough_calls_failed(circuit: Circuit) -> None:
    call(circuit, False, 2)
    call(circuit, True, 1)
    assert circuit.state == "closed"

    call(circuit, True, 1)

    assert circuit.state == "open"


def test_it_stays_closed_below_the_least_number_of_calls(circuit: Circuit) -> None:
    call(circuit, True, MIN_CALLS - 1)

    assert circuit.state == "closed"


def test_it_stays_closed_below_the_failure_rate(circuit: Circuit) -> None:
    call(circuit, False, 6)
    call(circuit, True, 5)

    assert circuit.state == "closed"


def test_a_success_does_not_erase_failures(circuit: Circuit) -> None:
    call(circuit, True, 3)
    call(circuit, False, 3)
    call(circuit, True, 1)

    assert circuit.state == "open"


def test_failures_are_forgotten_with_the_window(circuit: Circuit, clock: VirtualClock) -> None:
    call(circuit, True, MIN_CALLS - 1)
    clock.advance(WINDOW + WINDOW / 10)
    call(circuit, True, MIN_CALLS - 1)

    assert circuit.state == "closed"


def test_a_call_without_a_verdict_is_not_rated(circuit: Circuit) -> None:
    call(circuit, None, 100)
    call(circuit, True, MIN_CALLS - 1)

    assert circuit.state == "closed"


def test_while_open_it_says_when_to_ask_again(circuit: Circuit, clock: VirtualClock) -> None:
    open_up(circuit)
    clock.advance(2.0)

    assert circuit.admit() == pytest.approx(OPEN - 2.0)


def test_after_its_time_it_lets_just_the_probes_through(circuit: Circuit, clock: VirtualClock) -> None:
    open_up(circuit)
    clock.advance(OPEN)

    admitted = [circuit.admit() for _ in range(PROBES + 2)]

    assert circuit.state == "half_open"
    assert admitted == [None] * PROBES + [OPEN] * 2


def test_it_closes_when_all_probes_succeeded(circuit: Circuit, clock: VirtualClock) -> None:
    open_up(circuit)
    clock.advance(OPEN)

    call(circuit, False, PROBES)

    assert circuit.state == "closed"


def test_the_failures_before_it_opened_do_not_open_it_again(circuit: Circuit, clock: VirtualClock) -> None:
    open_up(circuit)
    clock.advance(OPEN)
    call(circuit, False, PROBES)

    call(circuit, True, MIN_CALLS - 1)

    assert circuit.state == "closed"


def test_one_failed_probe_opens_it_again(circuit: Circuit, clock: VirtualClock) -> None:
    open_up(circuit)
    clock.advance(OPEN)

    call(circuit, False, PROBES - 1)
    call(circuit, True)

    assert circuit.admit() == pytest.approx(OPEN)


def test_a_probe_without_a_verdict_is_given_out_again(circuit: Circuit, clock: VirtualClock) -> None:
    open_up(circuit)
    clock.advance(OPEN)

    call(circuit, None, 10)
    call(circuit, False, PROBES)

    assert circuit.state == "closed"


def test_probes_that_never_report_are_given_out_again_in_time(circuit: Circuit, clock: VirtualClock) -> None:
    open_up(circuit)
    clock.advance(OPEN)
    lost = [circuit.admit() for _ in range(PROBES)]
    refused = circuit.admit()
    clock.advance(OPEN)

    assert (lost, refused) == ([None] * PROBES, OPEN)
    assert circuit.admit() is None


def test_a_call_from_before_it_opened_is_no_probe(circuit: Circuit, clock: VirtualClock) -> None:
    open_up(circuit)
    clock.advance(OPEN)
    probe = circuit.admit()
    circuit.record(failed=True, seconds=OPEN + 0.1)
    after_the_straggler = circuit.state
    circuit.record(failed=False, seconds=0.0)

    assert (probe, after_the_straggler) == (None, "half_open")


def test_the_window_counts_what_is_no_older_than_its_seconds() -> None:
    window = Window(10.0)

    for second in range(30):
        window.add(float(second), 1, failures=1 - second % 2)

    assert window.totals(29.0) == (10, 5)
    assert window.totals(39.5) == (0, 0)


class AnyLife(RuleBasedStateMachine):
    """Whatever happens to its calls, a circuit keeps its promises."""

    @initialize(probes=st.integers(1, 3), min_calls=st.integers(1, 6))
    def begin(self, probes: int, min_calls: int) -> None:
        self.clock = VirtualClock(1000.0)
        self.probes, self.min_calls = probes, min_calls
        self.circuit = some_circuit(
            window_seconds=WINDOW, min_calls=min_calls, open_seconds=OPEN, probes=probes, clock=self.clock
        )
        self.under_way: list[float] = []
        self.failures = 0

    @rule(seconds=st.sampled_from([0.01, 0.5, 1.0, OPEN / 2, OPEN, WINDOW]))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(times=st.integers(1, 8))
    def ask(self, times: int) -> None:
        for _ in range(times):
            state = self.circuit.state
            wait = self.circuit.admit()
            assert wait is None or 0 < wait <= OPEN
            assert (wait is None) if state == "closed" else (wait is not None or state == "half_open")
            if wait is None:
                self.under_way.append(self.clock())

    @precondition(lambda self: self.under_way)
    @rule(which=st.randoms(use_true_random=False), failed=st.sampled_from([True, False, None]))
    def end(self, which: object, failed: bool | None) -> None:
        began = self.under_way.pop(which.randrange(len(self.under_way)))
        self.failures += failed is True
        before = self.circuit.state
        self.circuit.record(failed, self.clock() - began)
        if failed is not True:
            assert self.circuit.state in (before, "closed")
            assert not (before == "open" and self.circuit.state != "open")

    @invariant()
    def it_never_opens_without_failures(self) -> None:
        if hasattr(self, "circuit") and self.failures < min(self.min_calls, 1):
            assert self.circuit.state == "closed"

    @rule()
    def it_never_stays_shut(self) -> None:
        self.clock.advance(OPEN)
        assert self.circuit.admit() is None
        self.under_way.append(self.clock())


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=60, stateful_step_count=40)
