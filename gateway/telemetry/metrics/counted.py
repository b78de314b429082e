"""What requests and batches count, before it is folded into the metrics."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Protocol

from gateway.telemetry.metrics.table import PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.telemetry.events import BatchDetails, RequestDetails

    Series = tuple[str, ...]

_METHODS = frozenset({"GET", "HEAD", "PATCH", "PUT", "POST", "DELETE", "OPTIONS"})


class Histogram(Protocol):
    def fold(self, counts: Sequence[int], total: float) -> None:
        """``counts``: per bucket, not cumulative, one more than there are bounds."""
        ...


class Observed:
    """Observations that are not in their histogram yet."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def fold_into(self, histogram: Histogram) -> None:
        counts, total = self._counts, self._total
        self._counts, self._total = [0] * len(counts), 0.0
        histogram.fold(counts, total)


class Counted:
    """A series is a metric's name and its labels. ``bounds``: the buckets of each histogram."""

    def __init__(self, bounds: Mapping[str, Sequence[float]]) -> None:
        # A number of the library's costs as much as ten of these.
        self._counts: dict[Series, float] = {}
        self._observed: dict[Series, Observed] = {}
        self._bounds = bounds

    def taken(self) -> tuple[Mapping[Series, float], Mapping[Series, Observed]]:
        """What was counted and observed since the last call."""
        counts, observed = self._counts, self._observed
        self._counts, self._observed = {}, {}
        return counts, observed

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

    def _count(self, *series: str, by: float = 1) -> None:
        """``series``: a counter's name, and its labels."""
        self._counts[series] = self._counts.get(series, 0) + by

    def _observe(self, name: str, value: float, *labels: str) -> None:
        if (observed := self._observed.get((name, *labels))) is None:
            observed = self._observed[name, *labels] = Observed(self._bounds[name])
        observed.add(value)
