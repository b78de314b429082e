from __future__ import annotations

import re
import weakref
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from gateway.admission.refusal import RefusalReason
from gateway.item_codes import ITEM_CODES, Applied
from gateway.telemetry.details import RequestDetails, Unreadable
from gateway.telemetry.events import APPLIED, InvalidRequest
from gateway.telemetry.metrics.counted import Counted, Observed
from gateway.telemetry.metrics.registry import FoldedHistogram, Metrics
from gateway.telemetry.metrics.table import ITEM_SERIES, METRICS, Spec
from legacy_client.call_context import Waits
from legacy_client.health.snapshot import DURATION_BOUNDS
from tests.doubles.telemetry import a_batch, a_mixed_batch, a_request

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def _value(metrics: Metrics, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None


@given(st.lists(st.floats(0, 100) | st.sampled_from(DURATION_BOUNDS)), st.integers(0, 5))
def test_what_is_observed_ends_in_the_buckets_where_the_library_puts_it(values: list[float], folds: int) -> None:
    registry = CollectorRegistry()
    ours, theirs = (
        FoldedHistogram(name, "Tried.", registry=registry, buckets=DURATION_BOUNDS) for name in ("ours", "theirs")
    )
    observed = Observed(DURATION_BOUNDS)
    for start in range(folds + 1):
        observed.add(values[start :: folds + 1])
        observed.fold_into(ours)
    for value in values:
        theirs.observe(value)

    samples = [
        {(sample.name.removeprefix(name), *sample.labels.values()): sample.value for sample in family.samples}
        for name, histogram in (("ours", ours), ("theirs", theirs))
        for family in histogram.collect()
    ]
    assert samples[0] == pytest.approx(samples[1])


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_each_metric_is_named_as_prometheus_asks(spec: Spec) -> None:
    assert re.fullmatch(r"gateway_[a-z][a-z_]*[a-z]", spec.name)
    assert spec.name.endswith("_total") == (spec.kind == "counter")
    assert spec.help.endswith(".")
    assert bool(spec.buckets) == (spec.kind == "histogram")


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_no_metric_has_a_label_without_bounds(spec: Spec) -> None:
    closed = {
        "route",
        "method",
        "status",
        "type",
        "kind",
        "part",
        "check",
        "outcome",
        "code",
        "reason",
        "result",
        "state",
        "version",
        "python",
        "policy",
        "partner",
    }

    assert set(spec.labels) <= closed


def test_a_request_is_counted_by_route_method_and_status(metrics: Metrics) -> None:
    metrics.request_ended(a_request(status=207, seconds=0.3))

    labels = {"route": "/openapi/api/v1/actions", "method": "PATCH", "status": "207"}
    assert _value(metrics, "gateway_requests_total", **labels) == 1
    assert _value(metrics, "gateway_request_duration_seconds_sum", route="/openapi/api/v1/actions") == 0.3


def test_what_a_caller_makes_up_becomes_no_label(metrics: Metrics) -> None:
    metrics.request_ended(a_request(method="BREW", route="", status=404))

    assert _value(metrics, "gateway_requests_total", route="unmatched", method="other", status="404") == 1


def test_a_problem_is_counted_by_its_type(metrics: Metrics) -> None:
    metrics.request_ended(a_request(status=400, problem="validation-failed"))

    assert _value(metrics, "gateway_problems_total", type="validation-failed") == 1


def test_an_invalid_request_is_counted_once_for_each_of_its_codes_and_by_partner(metrics: Metrics) -> None:
    invalid = InvalidRequest(errors=450, codes={"invalid_choice": 99, "required": 1}, fields={"status": 100}, index=1)
    metrics.request_ended(a_request(status=400, problem="validation-failed", partner="acme", invalid=invalid))
    metrics.request_ended(a_request(status=400, problem="validation-failed", invalid=invalid))

    for code in ("invalid_choice", "required"):
        assert _value(metrics, "gateway_invalid_requests_total", code=code) == 2
        assert _value(metrics, "gateway_partner_invalid_requests_total", partner="acme", code=code) == 1
    assert _value(metrics, "gateway_invalid_requests_total", code="too_long") == 0


def test_a_429_counts_as_rate_limited_by_the_rate_that_it_is_over(metrics: Metrics) -> None:
    metrics.request_ended(a_request(status=429, problem="quota-exceeded", policy="items"))
    metrics.request_ended(a_request(status=429, problem="quota-exceeded", policy="unsent-kib"))
    metrics.request_ended(a_request(status=200))

    for policy in ("items", "unsent-kib"):
        labels = {"route": "/openapi/api/v1/actions", "policy": policy}
        assert _value(metrics, "gateway_rate_limited_total", **labels) == 1


@pytest.mark.parametrize("replay", ["replayed", "resumed"])
def test_a_known_idempotency_key_is_counted_by_what_it_led_to(metrics: Metrics, replay: str) -> None:
    metrics.request_ended(a_request(replay=replay))

    assert _value(metrics, "gateway_idempotent_replays_total", kind=replay) == 1


def test_the_items_of_a_207_do_not_all_count_as_success(metrics: Metrics) -> None:
    metrics.batch_ended(a_mixed_batch())

    assert _value(metrics, "gateway_items_total", outcome="applied", code="ok") == 2
    assert _value(metrics, "gateway_items_total", outcome="not_applied", code="not_found") == 1
    assert _value(metrics, "gateway_batches_total", kind="sync", status="207") == 1


def test_answers_with_unreadable_fields_are_counted_by_what_was_run(metrics: Metrics) -> None:
    assert _value(metrics, "gateway_unreadable_answers_total", kind="sync") == 0

    metrics.batch_ended(a_batch(unreadable=Unreadable(answers=3)))

    assert _value(metrics, "gateway_unreadable_answers_total", kind="sync") == 3
    assert _value(metrics, "gateway_unreadable_answers_total", kind="single") == 0


def test_a_batch_is_measured_in_items_and_seconds(metrics: Metrics) -> None:
    metrics.batch_ended(a_batch(items=100, seconds=2.0, counts={APPLIED: 100}))

    assert _value(metrics, "gateway_batch_items_bucket", le="50.0") == 0
    assert _value(metrics, "gateway_batch_items_bucket", le="100.0") == 1
    assert _value(metrics, "gateway_batch_duration_seconds_sum") == 2.0


def test_the_time_of_a_batch_is_counted_by_what_it_was_spent_on(metrics: Metrics) -> None:
    metrics.batch_ended(a_batch(seconds=1.0, waits=Waits(turns=0.125, answers=0.5, repeats=0.25)))
    metrics.batch_ended(a_batch(seconds=0.5, waits=Waits(answers=0.75)))

    parts = {
        part: _value(metrics, "gateway_batch_seconds_total", kind="sync", part=part)
        for part in ("own", "turns", "core", "repeats")
    }
    assert parts == {"own": 0.125, "turns": 0.125, "core": 1.25, "repeats": 0.25}
    assert _value(metrics, "gateway_batch_seconds_total", kind="single", part="turns") == 0


def test_rare_series_are_there_before_their_first_event_so_that_an_increase_sees_it(metrics: Metrics) -> None:
    assert _value(metrics, "gateway_items_total", outcome="unknown", code="core_timeout") == 0
    assert _value(metrics, "gateway_problems_total", type="internal-error") == 0
    assert _value(metrics, "gateway_shed_total", reason="queue_too_old") == 0


def test_each_item_error_code_and_outcome_has_a_series_from_the_start() -> None:
    assert {code for _, code in ITEM_SERIES} == {"ok", *ITEM_CODES}
    assert {outcome for outcome, _ in ITEM_SERIES} == {"applied", *Applied}


def test_each_reason_to_shed_has_a_series_from_the_start() -> None:
    (shed,) = (spec for spec in METRICS if spec.name == "gateway_shed_total")

    assert {reason for (reason,) in shed.from_start} == set(get_args(RefusalReason))


def test_a_histogram_takes_what_was_counted_elsewhere(metrics: Metrics) -> None:
    counts = [0] * (len(DURATION_BOUNDS) + 1)
    counts[0], counts[-1] = 3, 1

    metrics.histogram("gateway_core_attempt_duration_seconds").fold(counts, 12.5)

    assert _value(metrics, "gateway_core_attempt_duration_seconds_bucket", le="0.001") == 3
    assert _value(metrics, "gateway_core_attempt_duration_seconds_count") == 4
    assert _value(metrics, "gateway_core_attempt_duration_seconds_sum") == 12.5


def test_what_is_shown_is_what_the_table_names(metrics: Metrics) -> None:
    metrics.request_ended(a_request())

    shown = {family.name for family in text_string_to_metric_families(metrics.render().decode())}

    assert shown <= {spec.name.removesuffix("_total") for spec in METRICS}


@pytest.mark.parametrize("ended", [63, 64, 65, 200])
def test_many_requests_and_batches_count_as_each_of_them_would(metrics: Metrics, ended: int) -> None:
    for number in range(ended):
        batch = a_mixed_batch(items=3, seconds=0.25, waits=Waits(answers=0.125), unreadable=Unreadable(answers=2))
        metrics.batch_ended(batch)
        metrics.request_ended(a_request(status=207 + number % 2, seconds=0.5, partner="acme", batch=batch))

    labels = {"route": "/openapi/api/v1/actions", "method": "PATCH"}
    statuses = [_value(metrics, "gateway_requests_total", status=status, **labels) for status in ("207", "208")]
    assert statuses == [(ended + 1) // 2, ended // 2]
    assert _value(metrics, "gateway_request_duration_seconds_sum", route=labels["route"]) == ended * 0.5
    assert _value(metrics, "gateway_request_duration_seconds_bucket", route=labels["route"], le="0.25") == 0
    assert _value(metrics, "gateway_request_duration_seconds_bucket", route=labels["route"], le="0.5") == ended
    assert _value(metrics, "gateway_batch_items_sum") == 3 * ended
    assert _value(metrics, "gateway_batch_seconds_total", kind="sync", part="own") == ended * 0.125
    assert _value(metrics, "gateway_batch_seconds_total", kind="sync", part="core") == ended * 0.125
    assert _value(metrics, "gateway_items_total", outcome="applied", code="ok") == 2 * ended
    assert _value(metrics, "gateway_partner_items_total", partner="acme", outcome="applied", code="ok") == 2 * ended
    assert _value(metrics, "gateway_unreadable_answers_total", kind="sync") == 2 * ended


def test_what_is_not_shown_for_long_is_kept_in_bounds() -> None:
    class Watched(str):
        """An id that can be seen to be forgotten, with its request."""

        __slots__ = ("__weakref__",)

    counted = Counted({spec.name: spec.buckets for spec in METRICS})
    seen = []
    for number in range(1000):
        request_id = Watched(number)
        seen.append(weakref.ref(request_id))
        counted.request_ended(RequestDetails(method="PATCH", route="", status=200, seconds=0.25, request_id=request_id))
        del request_id

    assert sum(each() is not None for each in seen) <= 64


def test_where_the_workers_folder_was_removed_one_shows_its_own_numbers_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    metrics = Metrics(folder)
    metrics.batch_ended(a_batch())
    folder.rmdir()

    assert _value(metrics, "gateway_items_total", outcome="applied", code="ok") == 3
    assert _value(metrics, "gateway_batches_total", kind="sync", status="200") == 1
    assert [record.message for record in caplog.records] == ["metrics_folder_gone"]
