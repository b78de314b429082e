from __future__ import annotations

import logging
from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.telemetry.metrics.table import METRICS, PARTS, request_series

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from prometheus_client import Metric

    from gateway.telemetry.events import BatchDetails, RequestDetails
    from gateway.telemetry.metrics.table import Spec

__all__ = ["CONTENT_TYPE", "Metrics"]
_log = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "HEAD", "PATCH", "PUT", "POST", "DELETE", "OPTIONS"})


class FoldedHistogram(Histogram):
    """Also takes observations counted elsewhere."""

    def fold(self, counts: Sequence[int], total: float) -> None:
        """``counts``: per bucket, not cumulative, one more than there are bounds."""
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(total)


class Observed:
    """Observations that are not in their histogram yet."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def fold_into(self, histogram: FoldedHistogram) -> None:
        counts, total = self._counts, self._total
        self._counts, self._total = [0] * len(counts), 0.0
        histogram.fold(counts, total)


class Metrics:
    """All of METRICS, in memory or, for several workers, in the shared ``folder``.

    What requests and batches count is added up here, and folded into them once a second and before each page.
    ``routes`` get their series at the start.
    """

    def __init__(self, folder: Path | None = None, routes: Iterable[tuple[str, str]] = ()) -> None:
        # Not part of the text format, and absent anyway where workers share files.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self._folder = folder
        self._is_told = False
        self._own = CollectorRegistry()
        self._shown = CollectorRegistry() if folder else self._own
        if folder:
            MultiProcessCollector(self._shown, path=str(folder))  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self._counters = {spec.name: _counter(spec, self._own) for spec in METRICS if spec.kind == "counter"}
        self._gauges = {spec.name: _gauge(spec, self._own) for spec in METRICS if spec.kind == "gauge"}
        self._histograms = {spec.name: _histogram(spec, self._own) for spec in METRICS if spec.kind == "histogram"}
        # A rate sees the first failure only of a series that stood at zero before.
        for labels in request_series(routes):
            self.counter("gateway_requests_total").labels(*labels)
        # The library looks a series up under a lock, each time anew; the labels' values are closed sets.
        self._labelled = cache(lambda name, *labels: self._counters[name].labels(*labels))
        # A number of the library's costs as much as ten of these.
        self._counts: dict[tuple[str, ...], float] = {}
        self._observed: dict[tuple[str, ...], Observed] = {}
        self._bounds = {spec.name: spec.buckets for spec in METRICS}

    def counter(self, name: str) -> Counter:
        return self._counters[name]

    def gauge(self, name: str) -> Gauge:
        return self._gauges[name]

    def histogram(self, name: str) -> FoldedHistogram:
        return self._histograms[name]

    def request_ended(self, request: RequestDetails) -> None:
        route = request.route or "unmatched"
        method = request.method if request.method in _METHODS else "other"
        self._count("gateway_requests_total", route, method, str(request.status))
        self._observe("gateway_request_duration_seconds", request.seconds, route)
        if request.problem:
            self._count("gateway_problems_total", request.problem)
            self._count_invalid(request)
        if request.partner:
            self._count_partner(request)
        if request.policy:
            self._count("gateway_rate_limited_total", route, request.policy)
        if request.replay:
            self._count("gateway_idempotent_replays_total", request.replay)

    def _count_invalid(self, request: RequestDetails) -> None:
        for code in request.invalid.codes if request.invalid else ():
            self._count("gateway_invalid_requests_total", code)
            if request.partner:
                self._count("gateway_partner_invalid_requests_total", request.partner, code)

    def _count_partner(self, request: RequestDetails) -> None:
        self._count("gateway_partner_requests_total", request.partner, str(request.status))
        for (outcome, code), count in request.batch.counts.items() if request.batch else ():
            self._count("gateway_partner_items_total", request.partner, outcome, code, by=count)

    def batch_ended(self, batch: BatchDetails) -> None:
        self._count("gateway_batches_total", batch.kind, str(batch.status))
        self._observe("gateway_batch_items", batch.items)
        self._observe("gateway_batch_duration_seconds", batch.seconds)
        for (outcome, code), count in batch.counts.items():
            self._count("gateway_items_total", outcome, code, by=count)
        waits = batch.waits
        for part, seconds in zip(PARTS, (batch.own_seconds, waits.turns, waits.answers, waits.repeats), strict=True):
            self._count("gateway_batch_seconds_total", batch.kind, part, by=seconds)
        if batch.unreadable.answers:
            self._count("gateway_unreadable_answers_total", batch.kind, by=batch.unreadable.answers)

    def fold(self) -> None:
        # Others may count while this waits for the library's lock.
        counts, self._counts = self._counts, {}
        for (name, *labels), count in counts.items():
            self._labelled(name, *labels).inc(count)
        observed, self._observed = self._observed, {}
        for (name, *labels), seen in observed.items():
            histogram = self._histograms[name]
            seen.fold_into(histogram.labels(*labels) if labels else histogram)

    def _count(self, *series: str, by: float = 1) -> None:
        """``series``: a counter's name, and its labels."""
        self._counts[series] = self._counts.get(series, 0) + by

    def _observe(self, name: str, value: float, *labels: str) -> None:
        if (observed := self._observed.get((name, *labels))) is None:
            observed = self._observed[name, *labels] = Observed(self._bounds[name])
        observed.add(value)

    def collect(self) -> Iterable[Metric]:
        """All workers' numbers, or this one's alone where the folder is gone."""
        return self._present().collect()

    def render(self) -> bytes:
        return generate_latest(self._present())

    def _present(self) -> CollectorRegistry:
        self.fold()
        if self._folder is None or self._folder.is_dir():
            return self._shown
        if not self._is_told:
            self._is_told = True
            _log.error("metrics_folder_gone", extra={"folder": str(self._folder)})
        # The open files live on, though nobody else finds them.
        return self._own


def _counter(spec: Spec, registry: CollectorRegistry) -> Counter:
    counter = Counter(spec.name, spec.help, spec.labels, registry=registry)
    for values in spec.from_start:
        counter.labels(*values)
    return counter


def _gauge(spec: Spec, registry: CollectorRegistry) -> Gauge:
    return Gauge(spec.name, spec.help, spec.labels, multiprocess_mode=spec.across, registry=registry)


def _histogram(spec: Spec, registry: CollectorRegistry) -> FoldedHistogram:
    return FoldedHistogram(spec.name, spec.help, spec.labels, buckets=spec.buckets, registry=registry)
