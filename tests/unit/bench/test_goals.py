"""Each goal of a run, in pure Python and compiled, with the figure that decides it."""

from __future__ import annotations

import pytest

from bench.goals import GOALS, reached
from bench.keys import IN_REDIS, IN_SQLITE
from bench.report import goals_table
from bench.telemetry import ON

_RUN = {
    "floor": {"idle": {"cpu_us": 10.0, "p50": 0.1}, "slow": {"wide_p50": 20.0}},
    "W1": {
        "gateway": {"cpu_us": 42.0},
        "gateway-compiled": {"cpu_us": 36.0},
        "node": {"cpu_us": 75.0},
        "go-nethttp": {"cpu_us": 80.0},
        "go-fasthttp": {"cpu_us": 50.0},
    },
    "W2": {"gateway": {"p50": 82.0, "p99": 100.0}, "gateway-compiled": {"p50": 80.0, "p99": 92.0}},
    "W3": {
        "gateway": {"p50": 0.4, "cpu_us": 500.0},
        "gateway-compiled": {"p50": 0.3, "cpu_us": 400.0},
        "node": {"p50": 0.4, "cpu_us": 400.0},
        "go-nethttp": {"p50": 0.2, "cpu_us": 200.0},
    },
    "W4": {
        "gateway": {"batches_s": 120.0},
        "gateway-compiled": {"batches_s": 180.0},
        "go-nethttp": {"batches_s": 100.0},
        "node": {"batches_s": 160.0},
    },
    "W5": {
        "gateway": {"p99": 30.0, "idle_p99": 20.0},
        "gateway-compiled": {"p99": 22.0, "idle_p99": 20.0},
    },
    "workers": {"1": {"items_s": 100.0}, "2": {"items_s": 180.0}},
    "telemetry": {ON: {"ratio": 1.02}},
    "keys": {IN_SQLITE: {"ratio": 1.3}, IN_REDIS: {"ratio": 1.3}},
    "memory": {"peak": 101.0},
    "compiled memory": {"peak": 99.0},
    "compiled workers": {"1": {"items_s": 100.0}, "2": {"items_s": 190.0}},
    "compiled telemetry": {ON: {"ratio": 1.05}},
    "compiled keys": {IN_SQLITE: {"ratio": 1.2}, IN_REDIS: {"ratio": 1.4}},
}


# Of pure Python and compiled. True: at most so much.
BOUNDS = {
    "W1 CPU per item ÷ Node": (0.57, 0.48, True),
    "W1 CPU per item ÷ Go net/http": (0.54, 0.46, True),
    "W1 CPU per item ÷ Go fasthttp": (0.92, 0.78, True),
    "W1 CPU per item ÷ floor (wrk itself)": (4.2, 3.5, True),
    "W2 batch time ÷ ideal, p50": (1.05, 1.05, True),
    "W2 batch time ÷ ideal, p99": (1.2, 1.2, True),
    "W3 added latency ÷ Node": (1.1, 1.0, True),
    "W3 added latency ÷ Go net/http": (2.0, 1.8, True),
    "CPU of a one-item request ÷ Node": (1.15, 1.0, True),
    "W4 invalid batches/s ÷ Go net/http": (1.2, 1.8, False),
    "W4 invalid batches/s ÷ Node": (0.8, 1.1, False),
    "W5 p99 beside large batches ÷ alone": (1.4, 1.4, True),
    "CPU per item with telemetry on ÷ off": (1.03, 1.03, True),
    "CPU per item, keyed ÷ unkeyed, SQLite": (1.25, 1.25, True),
    "CPU per item, keyed ÷ unkeyed, Redis": (1.35, 1.35, True),
    "2 workers ÷ 1 worker, items/s": (1.85, 1.85, False),
    "memory of a worker, 8 × 1,000 items in flight, MB": (100, 100, True),
}


@pytest.mark.parametrize(("what", "bounds"), BOUNDS.items(), ids=BOUNDS)
def test_each_form_has_its_bound(what, bounds):
    goals = {goal.what: (goal.bound, goal.at_most) for goal in GOALS}
    python, compiled, is_at_most = bounds

    assert goals[what] == (python, is_at_most)
    assert goals[f"compiled: {what}"] == (compiled, is_at_most)


@pytest.mark.parametrize(
    ("what", "figure", "met"),
    [
        ("W1 CPU per item ÷ Node", 0.56, True),
        ("W1 CPU per item ÷ Go net/http", 0.525, True),
        ("W1 CPU per item ÷ Go fasthttp", 0.84, True),
        ("W1 CPU per item ÷ floor (wrk itself)", 4.2, True),
        ("W3 added latency ÷ Node", 1.0, True),
        ("W3 added latency ÷ Go net/http", 3.0, False),
        ("CPU of a one-item request ÷ Node", 1.25, False),
        ("W4 invalid batches/s ÷ Go net/http", 1.2, True),
        ("W4 invalid batches/s ÷ Node", 0.75, False),
        ("W2 batch time ÷ ideal, p50", 1.025, True),
        ("W2 batch time ÷ ideal, p99", 1.25, False),
        ("W5 p99 beside large batches ÷ alone", 1.5, False),
        ("2 workers ÷ 1 worker, items/s", 1.8, False),
        ("CPU per item with telemetry on ÷ off", 1.02, True),
        ("CPU per item, keyed ÷ unkeyed, SQLite", 1.3, False),
        ("CPU per item, keyed ÷ unkeyed, Redis", 1.3, True),
        ("memory of a worker, 8 × 1,000 items in flight, MB", 101.0, False),
        ("compiled: W1 CPU per item ÷ Node", 0.48, True),
        ("compiled: W1 CPU per item ÷ floor (wrk itself)", 3.6, False),
        ("compiled: CPU of a one-item request ÷ Node", 1.0, True),
        ("compiled: W4 invalid batches/s ÷ Node", 1.125, True),
        ("compiled: W2 batch time ÷ ideal, p99", 1.15, True),
        ("compiled: W5 p99 beside large batches ÷ alone", 1.1, True),
        ("compiled: 2 workers ÷ 1 worker, items/s", 1.9, True),
        ("compiled: CPU per item with telemetry on ÷ off", 1.05, False),
        ("compiled: CPU per item, keyed ÷ unkeyed, SQLite", 1.2, True),
        ("compiled: CPU per item, keyed ÷ unkeyed, Redis", 1.4, False),
        ("compiled: memory of a worker, 8 × 1,000 items in flight, MB", 99.0, True),
    ],
)
def test_a_goal_is_told_with_its_figure(what, figure, met):
    goals = {goal.what: goal for goal in reached(_RUN)}

    assert (goals[what].figure, goals[what].met) == (pytest.approx(figure), met)


def test_a_peer_that_was_not_measured_leaves_its_goals_out():
    run = {"W1": {"gateway": {"cpu_us": 42.0}, "node": {"cpu_us": 75.0}}}

    assert [goal.what for goal in reached(run)] == ["W1 CPU per item ÷ Node"]


@pytest.mark.parametrize(
    ("figure", "shown"),
    [(1.0316, "1.032"), (0.4204, "0.42"), (1.9, "1.9"), (3.7, "3.7"), (91.74, "91.7"), (120.4, "120")],
)
def test_a_figure_has_the_decimals_that_its_bound_needs(figure, shown):
    run = {"telemetry": {ON: {"ratio": figure}}}

    [_, (_, _, reached_figure, _)] = goals_table(run)

    assert reached_figure == shown
