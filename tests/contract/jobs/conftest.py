"""Stores of jobs, for one suite over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.job_worlds import RedisJobWorld, SqliteJobWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.jobs.store import JobStore, WorkerStore


@pytest.fixture(params=["sqlite", "redis"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "sqlite":
        made: Any = SqliteJobWorld(tmp_path)
    else:
        made = RedisJobWorld(request.getfixturevalue("redis_server").url)
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
