"""The commands that measure jobs, with some tens of thousands of items: none is lost, memory stays flat, live batches stay quick."""

from __future__ import annotations

import argparse
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.doubles.redis_server import BINARY, MISSING
from tests.faults.beside_a_job import BOUND, RATIO, beside
from tests.faults.million import is_right, measure, start

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed (make servers)"),
]
REDIS_TOO = [
    pytest.param(over, marks=pytest.mark.skipif(BINARY is None, reason=MISSING)) for over in ("redis", "celery")
]
RIGHT = {
    "items": 3,
    "outcomes": {"applied": 3},
    "results are complete": True,
    "lost": 0,
    "told twice": 0,
    "sent twice": False,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcomes": {"applied": 2, "unknown": 1}},
        {"outcomes": {"applied": 2}},
        {"results are complete": False},
        {"lost": 1},
        {"told twice": 1},
        {"sent twice": True},
    ],
)
def test_whatever_is_lost_doubled_or_guessed_is_wrong(wrong: Mapping[str, object]) -> None:
    assert is_right(RIGHT)
    assert not is_right({**RIGHT, **wrong})


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("over", ["loop", *REDIS_TOO])
def test_a_job_of_50000_items_loses_none_and_needs_no_more_memory_at_its_end(over: str) -> None:
    with ExitStack() as stack:
        found = measure(start(stack, argparse.Namespace(over=over, items=50_000, workers=2, latency_ms=0)), 50_000)

    assert is_right(found), found
    for of in ("the gateway", "a worker"):
        at_a_quarter, in_all = found[f"memory of {of}, at a quarter and in all (MiB)"]
        assert in_all <= 1.2 * at_a_quarter, found


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("over", ["loop", *REDIS_TOO])
def test_batches_of_one_item_take_hardly_longer_beside_a_job(over: str) -> None:
    found = beside(argparse.Namespace(over=over, items=60_000, workers=2, latency_ms=20, rounds=3, seconds=5.0))

    assert found[RATIO] <= BOUND, found
