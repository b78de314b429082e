"""Every number of the settings has a least and a most."""

from __future__ import annotations

import os

import pytest

from gateway.settings import all_settings, load
from tests.unit.gateway.settings_given import REQUIRED, lines_of


@pytest.mark.parametrize("text", ["+5", "05"])
def test_a_number_may_have_a_sign_and_zeros(text):
    assert load(REQUIRED | {"GATEWAY_BATCH_CONCURRENCY": text}).core.batch_concurrency == 5


def test_every_number_has_a_least_and_a_most():
    unbounded = {
        setting.name
        for setting in all_settings()
        if setting.metadata["parse"] in (int, float) and None in (setting.metadata["least"], setting.metadata["most"])
    }

    assert unbounded == set()


@pytest.mark.parametrize(
    ("name", "value", "bounds"),
    [
        ("BATCH_DEADLINE", "1e12", "at least 0.05 and at most 3600"),
        ("WORKERS", "100000", "at least 1 and at most 1024"),
        ("MAX_BODY_BYTES", "1e9", "a whole number"),
        ("MAX_BODY_BYTES", "99999999999", "at least 1024 and at most 1073741824"),
        ("CORE_CONCURRENCY", "1000000", "at least 1 and at most 10000"),
    ],
)
def test_a_number_beyond_its_most_is_refused(name, value, bounds):
    assert lines_of(REQUIRED | {f"GATEWAY_{name}": value}) == [f"GATEWAY_{name}: must be {bounds}; it is '{value}'"]


def test_the_longest_budgets_of_all_still_nest():
    longest = {"BATCH_DEADLINE": "3600", "BODY_TIMEOUT": "600", "DRAIN_DELAY": "600"}

    settings = load(REQUIRED | {f"GATEWAY_{name}": value for name, value in longest.items()})

    assert (settings.budgets.request_deadline, settings.budgets.graceful_timeout) == (4202, 4804)


def test_more_than_four_workers_a_processor_need_a_word_that_they_are_meant():
    allowed = 4 * len(os.sched_getaffinity(0))

    assert load(REQUIRED | {"GATEWAY_WORKERS": str(allowed)}).service.workers == allowed
    [line] = lines_of(REQUIRED | {"GATEWAY_WORKERS": str(allowed + 1)})
    assert line.startswith(f"GATEWAY_WORKERS: must be at most {allowed}, four for each processor")
    meant = load(REQUIRED | {"GATEWAY_WORKERS": str(allowed + 1), "GATEWAY_MANY_WORKERS": "true"})
    assert meant.service.workers == allowed + 1
