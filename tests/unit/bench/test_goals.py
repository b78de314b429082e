"""Each goal of a run, in pure Python and compiled, with the figure that decides it."""

from __future__ import annotations

import pytest

from bench.goals import reached

_RUN = {
    "floor": {"idle": {"cpu_us": 10.0, "p50": 0.1}},
    "W1": {
        "gateway": {"cpu_us": 42.0},
        "gateway-compiled": {"cpu_us": 36.0},
        "node": {"cpu_us": 75.0},
        "go-nethttp": {"cpu_us": 80.0},
        "go-fasthttp": {"cpu_us": 50.0},
    },
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
}


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
        ("compiled: W1 CPU per item ÷ Node", 0.48, True),
        ("compiled: W1 CPU per item ÷ floor (wrk itself)", 3.6, False),
        ("compiled: CPU of a one-item request ÷ Node", 1.0, True),
        ("compiled: W4 invalid batches/s ÷ Node", 1.125, True),
    ],
)
def test_a_goal_is_told_with_its_figure(what, figure, met):
    goals = {goal.what: goal for goal in reached(_RUN)}

    assert (goals[what].figure, goals[what].met) == (pytest.approx(figure), met)


def test_a_peer_that_was_not_measured_leaves_its_goals_out():
    run = {"W1": {"gateway": {"cpu_us": 42.0}, "node": {"cpu_us": 75.0}}}

    assert [goal.what for goal in reached(run)] == ["W1 CPU per item ÷ Node"]
