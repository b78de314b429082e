"""The comparison of gateways with and without telemetry, as far as no second of it has to be measured."""

from __future__ import annotations

import pytest

from bench.beside import compared
from bench.goals import reached
from bench.report import telemetry_table
from bench.services import Surroundings
from bench.summary import summarise
from bench.telemetry import EVERY, OFF, ON, VARIANTS
from bench.tokens import Issuer
from gateway.settings import load


@pytest.fixture
def settings(tmp_path):
    """The settings of a gateway that is started into the bench with more variables."""

    def of(more):
        into = Surroundings("http://127.0.0.1:1", Issuer("http://127.0.0.1:1"), [0], tmp_path, more)
        return load(into.environment(8000)).service

    return of


def test_a_cost_is_compared_with_that_of_the_gateway_that_nothing_looks_at():
    assert compared({OFF: 50.0, ON: 52.0}) == {
        OFF: {"cpu_us": 50.0, "ratio": 1.0},
        ON: {"cpu_us": 52.0, "ratio": 1.04},
    }


def test_off_is_all_that_can_be_switched_off(settings):
    off = settings(VARIANTS[OFF])

    assert (off.log_level, off.metrics, off.traces, off.status_page) == ("error", "off", False, False)


@pytest.mark.parametrize("name", [ON, EVERY])
def test_on_is_all_that_can_be_switched_on(settings, name):
    on = settings(VARIANTS[name])

    assert (on.log_level, on.log_format, on.metrics, on.traces, on.status_page) == ("info", "json", "path", True, True)


def test_the_ratio_is_the_median_of_the_rounds_and_not_that_of_the_medians():
    rounds = [compared({OFF: off, ON: on}) for off, on in ((50.0, 52.0), (100.0, 101.0), (60.0, 66.0))]

    [_, _, (_, cost, ratio)] = telemetry_table(
        {"telemetry": {name: summarise([one[name] for one in rounds]) for name in (OFF, ON)}}
    )

    assert (cost, ratio) == ("66.0 (52–101)", "1.040 (1.010–1.100)")


@pytest.mark.parametrize(("ratio", "met"), [(1.03, True), (1.031, False)])
def test_three_percent_is_the_bound(ratio, met):
    [goal] = reached({"telemetry": {ON: {"ratio": ratio}}})

    assert (goal.bound, goal.figure, goal.met) == ("≤ 1.03", ratio, met)


def test_a_run_without_it_has_neither_rows_nor_a_goal():
    assert len(telemetry_table({})) == 1
    assert list(reached({})) == []
