from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.telemetry.metrics.counted import Counted
from gateway.telemetry.metrics.table import METRICS, request_series

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from prometheus_client import Metric

    from gateway.telemetry.metrics.table import Spec

__all__ = ["CONTENT_TYPE", "Metrics"]
_log = logging.getLogger(__name__)


class FoldedHistogram(Histogram):
    """Also takes observations counted elsewhere."""

    def fold(self, counts: Sequence[int], total: float) -> None:
        """``counts``: per bucket, not cumulative, one more than there are bounds."""
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(total)


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
        self._counted = Counted({spec.name: spec.buckets for spec in METRICS})
        self.request_ended = self._counted.request_ended
        self.batch_ended = self._counted.batch_ended

    def counter(self, name: str) -> Counter:
        return self._counters[name]

    def gauge(self, name: str) -> Gauge:
        return self._gauges[name]

    def histogram(self, name: str) -> FoldedHistogram:
        return self._histograms[name]

    def fold(self) -> None:
        # Others may count while this waits for the library's lock.
        counts, observed = self._counted.taken()
        for (name, *labels), count in counts.items():
            self._labelled(name, *labels).inc(count)
        for (name, *labels), seen in observed.items():
            histogram = self._histograms[name]
            seen.fold_into(histogram.labels(*labels) if labels else histogram)

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
