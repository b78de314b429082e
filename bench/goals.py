"""The ratios to reach, each computed from one run. A goal whose parts were not measured has no figure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.audit import ALL, FAILURES
from bench.jobs import JOB
from bench.streams import STREAM
from bench.telemetry import ON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OURS = "gateway"
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


def _ratio(workload: str, name: str, peer: str) -> Callable[[Run], float]:
    return lambda run: run[workload][OURS][name] / run[workload][peer][name]


def _per_floor(run: Run) -> float:
    return float(run["W1"][OURS]["cpu_us"] / run["floor"]["idle"]["cpu_us"])


def _waves(name: str) -> Callable[[Run], float]:
    """A batch of 100 at 32 calls at a time takes the core's own time four times."""
    return lambda run: run["W2"][OURS][name] / (4 * run["floor"]["slow"]["wide_p50"])


def _added(run: Run, service: str) -> float:
    return float(run["W3"][service]["p50"] - run["floor"]["idle"]["p50"])


def _added_ratio(peer: str) -> Callable[[Run], float]:
    return lambda run: _added(run, OURS) / _added(run, peer)


def _undisturbed(run: Run) -> float:
    return float(run["W5"][OURS]["p99"] / run["W5"][OURS]["idle_p99"])


def _two_workers(run: Run) -> float:
    return float(run["workers"]["2"]["items_s"] / run["workers"]["1"]["items_s"])


def _flatness(run: Run) -> float:
    """The size that costs most beside the size that costs least, in percent more."""
    costs = [size["cpu_us"] for size in run["sizes"].values()]
    return float(max(costs) / min(costs) - 1) * 100


_W1 = "W1 CPU per item ÷ "
GOALS = (
    Goal(f"{_W1}Node", 0.65, True, _ratio("W1", "cpu_us", "node")),
    Goal(f"{_W1}Go net/http", 0.65, True, _ratio("W1", "cpu_us", "go-nethttp")),
    Goal(f"{_W1}Starlette + aiohttp", 0.25, True, _ratio("W1", "cpu_us", "starlette")),
    Goal(f"{_W1}FastAPI + httpx", 0.02, True, _ratio("W1", "cpu_us", "fastapi")),
    Goal(f"{_W1}naive Flask", 0.02, True, _ratio("W1", "cpu_us", "flask")),
    Goal(f"{_W1}Go fasthttp (stretch)", 1.0, True, _ratio("W1", "cpu_us", "go-fasthttp")),
    Goal(f"{_W1}floor (wrk itself)", 4.0, True, _per_floor),
    Goal("W2 batch time ÷ ideal, p50", 1.05, True, _waves("p50")),
    Goal("W2 batch time ÷ ideal, p99", 1.25, True, _waves("p99")),
    Goal("W3 added latency ÷ Starlette + aiohttp", 1.0, True, _added_ratio("starlette")),
    Goal("W3 added latency ÷ Node", 1.5, True, _added_ratio("node")),
    Goal("W4 invalid batches/s ÷ Go net/http", 1.5, False, _ratio("W4", "batches_s", "go-nethttp")),
    Goal("W5 p99 beside large batches ÷ alone", 1.5, True, _undisturbed),
    Goal("2 workers ÷ 1 worker, items/s", 1.8, False, _two_workers),
    Goal("CPU per item with telemetry on ÷ off", 1.05, True, lambda run: run["telemetry"][ON]["ratio"]),
    Goal("CPU per item, audit of failures ÷ none", 1.01, True, lambda run: run["audit"][FAILURES]["ratio"]),
    Goal("CPU per item, audit of every item ÷ none", 1.05, True, lambda run: run["audit"][ALL]["ratio"]),
    Goal("CPU per item, stream ÷ plain answer", 1.15, True, lambda run: run["streams"][STREAM]["ratio"]),
    Goal("CPU per item, job ÷ batches of 1,000", 1.25, True, lambda run: run["jobs"][JOB]["ratio"]),
    Goal("memory of a worker, 8 × 1,000 items in flight, MB", 150, True, lambda run: run["memory"]["peak"]),
    Goal("CPU per item from 10 to 10,000 items, % apart", 15, True, _flatness),
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
