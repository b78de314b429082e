"""What requests and batches count, before it is folded into the metrics."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import repeat
from typing import TYPE_CHECKING, Protocol

from gateway.telemetry.metrics.table import PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.telemetry.details import BatchDetails, RequestDetails

    Series = tuple[str, ...]
    Outcomes = tuple[tuple[tuple[str, str], int], ...]
    # Route, method, status, problem, codes of its errors, partner, outcomes for the partner, policy and replay.
    Request = tuple[str, str, int, str, tuple[str, ...], str, Outcomes, str, str | None]
    # Kind, status, outcomes and unreadable answers.
    Batch = tuple[str, int, Outcomes, int]

_METHODS = frozenset({"GET", "HEAD", "PATCH", "PUT", "POST", "DELETE", "OPTIONS"})
_MOST_KEPT = 64


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

    def add(self, values: Sequence[float]) -> None:
        for bucket, count in Counter(map(bisect_left, repeat(self._bounds), values)).items():
            self._counts[bucket] += count
        self._total += sum(values)

    def fold_into(self, histogram: Histogram) -> None:
        counts, total = self._counts, self._total
        self._counts, self._total = [0] * len(counts), 0.0
        histogram.fold(counts, total)


class Counted:
    """A series is a metric's name and its labels. ``bounds``: the buckets of each histogram.

    Requests and batches are kept, and added up when that is taken or there are 64 of them.
    """

    # To add up many at once costs a fifth of adding each up when it ends: few differ in what they count.
    def __init__(self, bounds: Mapping[str, Sequence[float]]) -> None:
        self._requests: list[RequestDetails] = []
        self._batches: list[BatchDetails] = []
        self._counts: dict[Series, float] = {}
        self._observed: dict[Series, Observed] = {}
        self._bounds = bounds

    def taken(self) -> tuple[Mapping[Series, float], Mapping[Series, Observed]]:
        """What was counted and observed since the last call."""
        self._add_requests()
        self._add_batches()
        counts, observed = self._counts, self._observed
        self._counts, self._observed = {}, {}
        return counts, observed

    def request_ended(self, request: RequestDetails) -> None:
        self._requests.append(request)
        if len(self._requests) >= _MOST_KEPT:
            self._add_requests()

    def batch_ended(self, batch: BatchDetails) -> None:
        self._batches.append(batch)
        if len(self._batches) >= _MOST_KEPT:
            self._add_batches()

    def _add_requests(self) -> None:
        ended, self._requests = self._requests, []
        seconds: dict[str, list[float]] = {}
        for request in ended:
            seconds.setdefault(request.route or "unmatched", []).append(request.seconds)
        for route, values in seconds.items():
            self._observe("gateway_request_duration_seconds", values, route)
        for counts, times in Counter(map(_of_request, ended)).items():
            self._count_request(counts, times)

    def _count_request(self, request: Request, times: int) -> None:
        route, method, status, problem, codes, partner, outcomes, policy, replay = request
        route = route or "unmatched"
        self._count("gateway_requests_total", route, method if method in _METHODS else "other", str(status), by=times)
        if problem:
            self._count("gateway_problems_total", problem, by=times)
        for code in codes:
            self._count("gateway_invalid_requests_total", code, by=times)
            if partner:
                self._count("gateway_partner_invalid_requests_total", partner, code, by=times)
        if partner:
            self._count("gateway_partner_requests_total", partner, str(status), by=times)
        for (outcome, code), count in outcomes:
            self._count("gateway_partner_items_total", partner, outcome, code, by=count * times)
        if policy:
            self._count("gateway_rate_limited_total", route, policy, by=times)
        if replay:
            self._count("gateway_idempotent_replays_total", replay, by=times)

    def _add_batches(self) -> None:
        ended, self._batches = self._batches, []
        if not ended:
            return
        self._observe("gateway_batch_items", [batch.items for batch in ended])
        self._observe("gateway_batch_duration_seconds", [batch.seconds for batch in ended])
        for counts, times in Counter(map(_of_batch, ended)).items():
            self._count_batch(counts, times)
        self._count_spent(ended)

    def _count_batch(self, batch: Batch, times: int) -> None:
        kind, status, outcomes, unreadable = batch
        self._count("gateway_batches_total", kind, str(status), by=times)
        for (outcome, code), count in outcomes:
            self._count("gateway_items_total", outcome, code, by=count * times)
        if unreadable:
            self._count("gateway_unreadable_answers_total", kind, by=unreadable * times)

    def _count_spent(self, ended: Sequence[BatchDetails]) -> None:
        """On each of PARTS."""
        spent: dict[str, list[Sequence[float]]] = {}
        for batch in ended:
            spent.setdefault(batch.kind, []).append(_spent(batch))
        for kind, rows in spent.items():
            for part, values in zip(PARTS, zip(*rows, strict=True), strict=True):
                self._count("gateway_batch_seconds_total", kind, part, by=sum(values))

    def _count(self, *series: str, by: float) -> None:
        """``series``: a counter's name, and its labels."""
        self._counts[series] = self._counts.get(series, 0) + by

    def _observe(self, name: str, values: Sequence[float], *labels: str) -> None:
        if (observed := self._observed.get((name, *labels))) is None:
            observed = self._observed[name, *labels] = Observed(self._bounds[name])
        observed.add(values)


def _of_request(request: RequestDetails) -> Request:
    invalid, partner, batch = request.invalid, request.partner, request.batch
    codes = tuple(invalid.codes) if invalid else ()
    outcomes = tuple(batch.counts.items()) if partner and batch else ()
    route, method, status = request.route, request.method, request.status
    return (route, method, status, request.problem, codes, partner, outcomes, request.policy, request.replay)


def _of_batch(batch: BatchDetails) -> Batch:
    return (batch.kind, batch.status, tuple(batch.counts.items()), batch.unreadable.answers)


def _spent(batch: BatchDetails) -> Sequence[float]:
    """In seconds, by PARTS: in what it did not wait for, the gateway itself was at work."""
    waits = batch.waits
    own = max(0.0, batch.seconds - waits.turns - waits.answers - waits.repeats)
    return (own, waits.turns, waits.answers, waits.repeats)
