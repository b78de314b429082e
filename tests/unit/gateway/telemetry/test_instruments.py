from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from gateway.telemetry.instruments import Instruments
from gateway.telemetry.metrics.counters import Sources
from gateway.telemetry.metrics.registry import Metrics
from legacy_client.transport.base import Backlog
from tests.doubles.telemetry import a_batch, a_request, a_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from legacy_client.health.snapshot import GateSnapshot


def _instruments(*, metrics: bool = True) -> Instruments:
    return Instruments(metrics=metrics, traces=False, version="1.2.3")


def _sources(core: Callable[[], GateSnapshot]) -> Sources:
    return Sources(
        core=core,
        backlog=lambda: Backlog(0, 0.0),
        batches=int,
        shed=dict,
        keyed_refused=int,
        keys_age=lambda: None,
        keys_file_problem=str,
        ready=dict,
    )


def test_what_is_told_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    instruments = _instruments()

    instruments.telemetry.batch_ended(a_batch())
    instruments.telemetry.request_ended(a_request())

    assert b'gateway_items_total{code="ok",outcome="applied"} 3.0' in instruments.render()
    assert caplog.messages == ["request_ended"]


def test_a_scrape_shows_what_was_counted_up_to_now() -> None:
    instruments = _instruments()
    core = [a_snapshot(attempts={"2xx": 1})]
    instruments.watch(_sources(lambda: core[-1]))
    instruments.render()
    core.append(a_snapshot(attempts={"2xx": 5}))

    assert b'gateway_core_attempts_total{result="2xx"} 5.0' in instruments.render()


def test_a_worker_folds_by_itself_so_that_the_others_can_show_its_numbers(tmp_path: Path) -> None:
    instruments = Instruments(metrics=True, traces=False, version="1.2.3", folder=tmp_path)
    folded = threading.Semaphore(0)

    def core() -> GateSnapshot:
        folded.release()
        return a_snapshot()

    instruments.watch(_sources(core), seconds=0.001)

    assert all(folded.acquire(timeout=30) for _ in range(3))
    instruments.close()


def test_without_metrics_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    instruments = _instruments(metrics=False)

    instruments.telemetry.request_ended(a_request())

    assert caplog.messages == ["request_ended"]
    with pytest.raises(RuntimeError):
        instruments.render()


def test_plain_numbers_hold_what_the_text_format_holds() -> None:
    instruments = _instruments()
    instruments.telemetry.batch_ended(a_batch(seconds=0.5))

    samples = instruments.numbers()["samples"]

    assert isinstance(samples, dict)
    assert set(samples) > {sample.name for family in Metrics().collect() for sample in family.samples}
    assert samples["gateway_batch_duration_seconds_sum"] == [({}, 0.5)]
