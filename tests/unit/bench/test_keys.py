"""The comparison of batches with and without an idempotency key, as far as no second of it has to be measured."""

from __future__ import annotations

from bench.keys import WITH, WITHOUT
from bench.report import keys_table
from bench.summary import summarise


def test_the_cost_of_a_key_is_a_row_beside_the_batch_without_one():
    rounds = {
        WITHOUT: [{"cpu_us": 50.0, "ratio": 1.0}, {"cpu_us": 60.0, "ratio": 1.0}, {"cpu_us": 52.0, "ratio": 1.0}],
        WITH: [{"cpu_us": 60.0, "ratio": 1.2}, {"cpu_us": 75.0, "ratio": 1.25}, {"cpu_us": 65.0, "ratio": 1.25}],
    }

    _, without, with_key = keys_table({"keys": {name: summarise(found) for name, found in rounds.items()}})

    assert without == ("without a key", "52.0 (50–60)", "1.000 (1.000–1.000)")
    assert with_key == ("with a new key each batch", "65.0 (60–75)", "1.250 (1.200–1.250)")


def test_a_run_without_it_has_no_rows():
    assert len(keys_table({})) == 1
