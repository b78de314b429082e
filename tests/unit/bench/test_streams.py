"""The comparison of streams with plain answers, as far as no second of it has to be measured."""

from __future__ import annotations

import pytest

from bench.goals import reached
from bench.report import streams_table
from bench.streams import PLAIN, STREAM
from bench.summary import summarise

ROUNDS = {
    PLAIN: [{"cpu_us": 50.0, "ratio": 1.0}, {"cpu_us": 60.0, "ratio": 1.0}, {"cpu_us": 52.0, "ratio": 1.0}],
    STREAM: [{"cpu_us": 55.0, "ratio": 1.1}, {"cpu_us": 72.0, "ratio": 1.2}, {"cpu_us": 57.2, "ratio": 1.1}],
}


@pytest.fixture
def run():
    return {"streams": {name: summarise(found) for name, found in ROUNDS.items()}}


def test_the_cost_of_a_stream_is_a_row_beside_the_plain_answer(run):
    _, plain, stream = streams_table(run)

    assert plain == ("plain answer", "52.0 (50–60)", "1.000 (1.000–1.000)")
    assert stream == ("stream", "57.2 (55–72)", "1.100 (1.100–1.200)")


def test_its_goal_is_told(run):
    [goal] = reached(run)

    assert (goal.what, goal.bound, goal.met) == ("CPU per item, stream ÷ plain answer", "≤ 1.15", True)


def test_a_run_without_it_has_no_rows():
    assert len(streams_table({})) == 1
