"""The ratios to reach, each computed from one run. A goal whose parts were not measured has no figure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.audit import ALL, FAILURES
from bench.jobs import JOB
from bench.keys import IN_REDIS, IN_SQLITE
from bench.streams import STREAM
from bench.telemetry import ON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

OURS, COMPILED = "gateway", "gateway-compiled"
Run = dict[str, Any]


class Goal(NamedTuple):
    """What is compared, the bound, whether it is an upper one, and how the figure comes out of a run."""

    what: str
    bound: float
    at_most: bool
    figure: Callable[[Run], float]


class Reached(NamedTuple):
    """One goal with its figure."""

    what: str
    bound: str
    figure: float
    met: bool


def _ratio(service: str, workload: str, name: str, peer: str) -> Callable[[Run], float]:
    return lambda run: run[workload][service][name] / run[workload][peer][name]


def _per_floor(service: str) -> Callable[[Run], float]:
    return lambda run: run["W1"][service]["cpu_us"] / run["floor"]["idle"]["cpu_us"]


def _waves(service: str, name: str) -> Callable[[Run], float]:
    """A batch of 100 at 32 calls at a time takes the core's own time four times."""
    return lambda run: run["W2"][service][name] / (4 * run["floor"]["slow"]["wide_p50"])


def _added(run: Run, service: str) -> float:
    return float(run["W3"][service]["p50"] - run["floor"]["idle"]["p50"])


def _added_ratio(service: str, peer: str) -> Callable[[Run], float]:
    return lambda run: _added(run, service) / _added(run, peer)


def _undisturbed(service: str) -> Callable[[Run], float]:
    return lambda run: run["W5"][service]["p99"] / run["W5"][service]["idle_p99"]


def _two_workers(row: str) -> Callable[[Run], float]:
    return lambda run: run[row]["2"]["items_s"] / run[row]["1"]["items_s"]


def _beside(row: str, variant: str) -> Callable[[Run], float]:
    return lambda run: run[row][variant]["ratio"]


_NODE, _GO, _FAST = "node", "go-nethttp", "go-fasthttp"
_CPU, _ADDED, _INVALID = "W1 CPU per item ÷", "W3 added latency ÷", "W4 invalid batches/s ÷"
_MEMORY = "memory of a worker, 8 × 1,000 items in flight, MB"


def _of_form(service: str, bounds: Sequence[float], title: str = "") -> Iterator[Goal]:
    """The goals that the compiled form has too, with other bounds, in this order."""
    w1 = [_ratio(service, "W1", "cpu_us", peer) for peer in (_NODE, _GO, _FAST)]
    w4 = [_ratio(service, "W4", "batches_s", peer) for peer in (_GO, _NODE)]
    goals = (
        (f"{_CPU} Node", True, w1[0]),
        (f"{_CPU} Go net/http", True, w1[1]),
        (f"{_CPU} Go fasthttp", True, w1[2]),
        (f"{_CPU} floor (wrk itself)", True, _per_floor(service)),
        (f"{_ADDED} Node", True, _added_ratio(service, _NODE)),
        (f"{_ADDED} Go net/http", True, _added_ratio(service, _GO)),
        ("CPU of a one-item request ÷ Node", True, _ratio(service, "W3", "cpu_us", _NODE)),
        (f"{_INVALID} Go net/http", False, w4[0]),
        (f"{_INVALID} Node", False, w4[1]),
    )
    for (what, at_most, figure), bound in zip(goals, bounds, strict=True):
        yield Goal(f"{title}{what}", bound, at_most, figure)


def _of_both(service: str, rows: str = "", title: str = "") -> Iterator[Goal]:
    """The goals with one bound for both forms. ``rows`` stands before the name of a comparison with itself."""
    yield Goal(f"{title}W2 batch time ÷ ideal, p50", 1.05, True, _waves(service, "p50"))
    yield Goal(f"{title}W2 batch time ÷ ideal, p99", 1.20, True, _waves(service, "p99"))
    yield Goal(f"{title}W5 p99 beside large batches ÷ alone", 1.4, True, _undisturbed(service))
    yield Goal(f"{title}2 workers ÷ 1 worker, items/s", 1.85, False, _two_workers(f"{rows}workers"))
    yield Goal(f"{title}CPU per item with telemetry on ÷ off", 1.03, True, _beside(f"{rows}telemetry", ON))
    yield Goal(f"{title}CPU per item, keyed ÷ unkeyed, SQLite", 1.25, True, _beside(f"{rows}keys", IN_SQLITE))
    yield Goal(f"{title}CPU per item, keyed ÷ unkeyed, Redis", 1.35, True, _beside(f"{rows}keys", IN_REDIS))
    yield Goal(f"{title}{_MEMORY}", 100, True, lambda run: run[f"{rows}memory"]["peak"])


GOALS = (
    *_of_form(OURS, (0.57, 0.54, 0.92, 4.2, 1.1, 2.0, 1.15, 1.2, 0.8)),
    *_of_form(COMPILED, (0.48, 0.46, 0.78, 3.5, 1.0, 1.8, 1.0, 1.8, 1.1), "compiled: "),
    *_of_both(OURS),
    *_of_both(COMPILED, "compiled ", "compiled: "),
    Goal("CPU per item, audit of failures ÷ none", 1.01, True, _beside("audit", FAILURES)),
    Goal("CPU per item, audit of every item ÷ none", 1.05, True, _beside("audit", ALL)),
    Goal("CPU per item, stream ÷ plain answer", 1.15, True, _beside("streams", STREAM)),
    Goal("CPU per item, job ÷ batches of 1,000", 1.25, True, _beside("jobs", JOB)),
)


def reached(run: Run) -> Iterator[Reached]:
    """Every goal whose parts are in ``run``: workload → service → figure."""
    for goal in GOALS:
        try:
            figure = goal.figure(run)
        except KeyError:
            continue
        met = figure <= goal.bound if goal.at_most else figure >= goal.bound
        bound = f"{'≤' if goal.at_most else '≥'} {goal.bound:g}"
        yield Reached(goal.what, bound, figure, met and math.isfinite(figure))
