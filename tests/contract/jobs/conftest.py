"""Stores of jobs, for one suite over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.job_worlds import SqliteJobWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.jobs.store import JobStore, WorkerStore


@pytest.fixture(params=["sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made = SqliteJobWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def stores(world: Any) -> tuple[JobStore, WorkerStore]:
    opened: tuple[JobStore, WorkerStore] = world.open()
    return opened


@pytest.fixture
def jobs(stores: tuple[JobStore, WorkerStore]) -> JobStore:
    return stores[0]


@pytest.fixture
def chunks(stores: tuple[JobStore, WorkerStore]) -> WorkerStore:
    return stores[1]
