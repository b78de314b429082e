from __future__ import annotations

import platform
import threading
from typing import TYPE_CHECKING

import pytest

from gateway.telemetry.metrics.counters import CIRCUIT_STATES, Folding, Sources
from gateway.telemetry.metrics.registry import Metrics
from legacy_client.transport.base import Backlog
from tests.doubles.telemetry import a_snapshot

if TYPE_CHECKING:
    from legacy_client.health.snapshot import GateSnapshot


class Worker:
    """One worker's numbers and the metrics that they are folded into."""

    def __init__(self) -> None:
        self.core = a_snapshot()
        self.queue = Backlog(0, 0.0)
        self.refused: dict[str, int] = {}
        self.keyed_refused = 0
        self.keys_age: float | None = None
        self.keys_file_problem = ""
        self.ready: dict[str, bool] = {}
        self.metrics = Metrics()
        sources = Sources(
            core=lambda: self.core,
            backlog=lambda: self.queue,
            batches=lambda: 2,
            shed=lambda: self.refused,
            keyed_refused=lambda: self.keyed_refused,
            keys_age=lambda: self.keys_age,
            keys_file_problem=lambda: self.keys_file_problem,
            ready=lambda: self.ready,
        )
        self.folding = Folding(self.metrics, sources, "1.2.3")

    def folded(self, name: str, **labels: str) -> float | None:
        self.folding.fold()
        for family in self.metrics.collect():
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return None


@pytest.fixture
def worker() -> Worker:
    return Worker()


def test_attempts_are_counted_once_however_often_they_are_folded(worker: Worker) -> None:
    worker.core = a_snapshot(attempts={"2xx": 5})
    assert worker.folded("gateway_core_attempts_total", result="2xx") == 5
    assert worker.folded("gateway_core_attempts_total", result="2xx") == 5

    worker.core = a_snapshot(attempts={"2xx": 7, "timed_out": 1})

    assert worker.folded("gateway_core_attempts_total", result="2xx") == 7
    assert worker.folded("gateway_core_attempts_total", result="timed_out") == 1


def test_durations_are_folded_by_their_growth(worker: Worker) -> None:
    worker.core = a_snapshot(duration_counts=(2, *(0,) * 12, 1), duration_sum=30.0)
    worker.folding.fold()
    worker.core = a_snapshot(duration_counts=(3, *(0,) * 12, 1), duration_sum=30.5)

    assert worker.folded("gateway_core_attempt_duration_seconds_count") == 4
    assert worker.folded("gateway_core_attempt_duration_seconds_sum") == 30.5


def test_retries_and_calls_held_back_are_counted(worker: Worker) -> None:
    worker.core = a_snapshot(retries=4, refused=9)

    assert worker.folded("gateway_core_retries_total") == 4
    assert worker.folded("gateway_core_refused_total") == 9


@pytest.mark.parametrize("state", CIRCUIT_STATES)
def test_the_circuit_is_in_exactly_one_state(worker: Worker, state: str) -> None:
    worker.core = a_snapshot(circuit=state)

    states = {name: worker.folded("gateway_core_circuit_state", state=name) for name in CIRCUIT_STATES}

    assert states == {name: float(name == state) for name in CIRCUIT_STATES}


def test_a_change_of_the_circuit_is_logged_once(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    for state in ("closed", "open", "open", "half_open"):
        worker.core = a_snapshot(circuit=state)
        worker.folding.fold()

    changes = [(vars(record)["before"], vars(record)["now"]) for record in caplog.records]
    assert changes == [("closed", "open"), ("open", "half_open")]


def test_gauges_follow_what_is(worker: Worker) -> None:
    worker.core, worker.queue = a_snapshot(in_flight=12, limit=32), Backlog(40, 1.5)

    assert worker.folded("gateway_core_in_flight") == 12
    assert worker.folded("gateway_core_concurrency_limit") == 32
    assert worker.folded("gateway_core_waiting_items") == 40
    assert worker.folded("gateway_core_waiting_seconds") == 1.5
    assert worker.folded("gateway_batches_in_flight") == 2


def test_a_gauge_goes_back_to_what_it_was(worker: Worker) -> None:
    shown = []
    for limit in (8, 4, 4, 8):
        worker.core = a_snapshot(limit=limit)
        shown.append(worker.folded("gateway_core_concurrency_limit"))

    assert shown == [8, 4, 4, 8]


def test_a_series_stands_at_zero_before_it_grows(worker: Worker) -> None:
    worker.core = a_snapshot(attempts={"timed_out": 0})

    assert worker.folded("gateway_core_attempts_total", result="timed_out") == 0


def test_shed_requests_are_counted_by_reason(worker: Worker) -> None:
    worker.refused = {"draining": 3}

    assert worker.folded("gateway_shed_total", reason="draining") == 3


def test_requests_whose_key_the_store_could_not_take_are_counted(worker: Worker) -> None:
    assert worker.folded("gateway_idempotency_refused_total") == 0

    worker.keyed_refused = 4

    assert worker.folded("gateway_idempotency_refused_total") == 4


def test_the_age_of_the_keys_is_shown_once_there_are_keys(worker: Worker) -> None:
    assert worker.folded("gateway_jwks_age_seconds") == 0

    worker.keys_age = 12.0

    assert worker.folded("gateway_jwks_age_seconds") == 12


def test_keys_that_were_never_had_are_infinitely_old(worker: Worker) -> None:
    worker.keys_age = float("inf")

    assert worker.folded("gateway_jwks_age_seconds") == float("inf")


def test_the_process_says_what_it_is_and_uses(worker: Worker) -> None:
    assert worker.folded("gateway_workers") == 1
    assert (worker.folded("gateway_process_cpu_seconds_total") or 0) > 0
    assert (worker.folded("gateway_process_resident_memory_bytes") or 0) > 1_000_000
    assert worker.folded("gateway_build_info", version="1.2.3", python=platform.python_version()) == 1


def test_folding_goes_on_by_itself_after_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    folded_again = threading.Event()

    def core() -> GateSnapshot:
        if "metrics_fold_failed" not in caplog.messages:
            raise RuntimeError("planted")
        folded_again.set()
        return a_snapshot()

    sources = Sources(
        core=core,
        backlog=lambda: Backlog(0, 0.0),
        batches=int,
        shed=dict,
        keyed_refused=int,
        keys_age=lambda: None,
        keys_file_problem=str,
        ready=dict,
    )
    ended = Folding(Metrics(), sources, "1").every(0.001)

    assert folded_again.wait(30)
    ended.set()


def test_a_file_of_keys_that_is_not_in_force_is_a_gauge_of_one() -> None:
    worker = Worker()
    assert worker.folded("gateway_api_keys_file_stale") == 0

    worker.keys_file_problem = "not JSON"

    assert worker.folded("gateway_api_keys_file_stale") == 1


def test_each_check_of_readiness_is_a_gauge_once_it_was_looked_at() -> None:
    worker = Worker()
    assert worker.folded("gateway_ready", check="core") is None

    worker.ready = {"core": False, "keycloak": True}

    assert (worker.folded("gateway_ready", check="core"), worker.folded("gateway_ready", check="keycloak")) == (0, 1)
