"""The comparison of jobs with batches, as far as no second of it has to be measured."""

from __future__ import annotations

import pytest

from bench.goals import reached
from bench.jobs import BATCHES, JOB
from bench.report import jobs_table
from bench.summary import summarise

ROUNDS = {
    BATCHES: [{"cpu_us": 50.0, "ratio": 1.0}, {"cpu_us": 60.0, "ratio": 1.0}, {"cpu_us": 52.0, "ratio": 1.0}],
    JOB: [{"cpu_us": 55.0, "ratio": 1.1}, {"cpu_us": 72.0, "ratio": 1.2}, {"cpu_us": 57.2, "ratio": 1.1}],
}


@pytest.fixture
def run():
    return {"jobs": {name: summarise(found) for name, found in ROUNDS.items()}}


def test_the_cost_of_a_job_is_a_row_beside_batches(run):
    _, batches, job = jobs_table(run)

    assert batches == ("batches of 1,000", "52.0 (50–60)", "1.000 (1.000–1.000)")
    assert job == ("a job of 10,000", "57.2 (55–72)", "1.100 (1.100–1.200)")


def test_its_goal_is_told(run):
    [goal] = reached(run)

    assert (goal.what, goal.bound, goal.met) == ("CPU per item, job ÷ batches of 1,000", "≤ 1.25", True)


def test_a_run_without_it_has_no_rows():
    assert len(jobs_table({})) == 1
