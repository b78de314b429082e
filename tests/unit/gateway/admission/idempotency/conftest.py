"""A record, a clock and a keeper of the test's own, and batches over them."""

from __future__ import annotations

import pytest

from gateway.admission.idempotency.keeping import Keeper
from tests.unit.gateway.admission.idempotency.batches import POLICY, Batch, Clock, MemoryRecord


@pytest.fixture
def record():
    return MemoryRecord()


@pytest.fixture
def clock():
    return Clock(0)


@pytest.fixture
def keeper(clock):
    made = Keeper(pause_seconds=0.001, clock=clock)
    yield made
    made.close()


@pytest.fixture
def fresh(record, keeper):
    batches = []

    def made(items, clock=None, policy=POLICY):
        batches.append(Batch(record, items, keeper, clock, policy))
        return batches[-1]

    yield made
    for batch in batches:
        batch.claim.finish()
