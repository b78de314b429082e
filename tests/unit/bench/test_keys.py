"""The comparison of batches with and without an idempotency key, as far as no second of it has to be measured."""

from __future__ import annotations

import pytest

from bench.goals import reached
from bench.keys import IN_REDIS, IN_SQLITE, WITHOUT
from bench.report import keys_table
from bench.summary import summarise


def test_the_cost_of_a_key_is_a_row_beside_the_batch_without_one():
    rounds = {
        WITHOUT: [{"cpu_us": 50.0, "ratio": 1.0}, {"cpu_us": 60.0, "ratio": 1.0}, {"cpu_us": 52.0, "ratio": 1.0}],
        IN_SQLITE: [{"cpu_us": 60.0, "ratio": 1.2}, {"cpu_us": 75.0, "ratio": 1.25}, {"cpu_us": 65.0, "ratio": 1.25}],
    }

    _, without, with_key = keys_table({"keys": {name: summarise(found) for name, found in rounds.items()}})

    assert without == ("without a key", "52.0 (50–60)", "1.000 (1.000–1.000)")
    assert with_key == ("a new key each batch, kept in SQLite", "65.0 (60–75)", "1.250 (1.200–1.250)")


@pytest.mark.parametrize(("sqlite", "redis", "met"), [(1.25, 1.35, [True, True]), (1.251, 1.351, [False, False])])
def test_each_store_has_its_bound(sqlite, redis, met):
    goals = list(reached({"keys": {IN_SQLITE: {"ratio": sqlite}, IN_REDIS: {"ratio": redis}}}))

    assert [goal.met for goal in goals] == met


def test_a_run_without_it_has_no_rows():
    assert len(keys_table({})) == 1
