"""The comparison of gateways with and without an audit trail, as far as no second of it has to be measured."""

from __future__ import annotations

import pytest

from bench.audit import ALL, FAILURES, NONE, STORE, VARIANTS
from bench.goals import reached
from bench.report import audit_table
from bench.summary import summarise
from gateway.settings import load
from tests.unit.gateway.settings_given import REQUIRED


def test_each_gateway_keeps_what_its_name_says():
    kept = {name: load({**REQUIRED, **variables}).audit for name, variables in VARIANTS.items()}

    assert {name: (each.audit, each.audit_to) for name, each in kept.items()} == {
        NONE: ("off", "file"),
        FAILURES: ("failures", "file"),
        ALL: ("all", "file"),
        STORE: ("all", "store"),
    }


def test_its_costs_are_shown():
    found = {name: summarise([{"cpu_us": cost, "ratio": cost / 40}]) for name, cost in ((NONE, 40.0), (ALL, 41.0))}

    assert audit_table({"audit": found})[1:] == [
        (NONE, "40.0 (40–40)", "1.000 (1.000–1.000)"),
        (ALL, "41.0 (41–41)", "1.025 (1.025–1.025)"),
    ]


@pytest.mark.parametrize(("failures", "every", "met"), [(1.01, 1.05, [True, True]), (1.011, 1.051, [False, False])])
def test_one_percent_and_five_are_the_bounds(failures, every, met):
    goals = list(reached({"audit": {FAILURES: {"ratio": failures}, ALL: {"ratio": every}}}))

    assert [goal.met for goal in goals] == met
