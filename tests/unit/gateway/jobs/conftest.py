"""Jobs in the embedded store."""

from __future__ import annotations

import pytest

from tests.doubles.job_worlds import SqliteJobWorld


@pytest.fixture
def world(tmp_path):
    made = SqliteJobWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def stores(world):
    return world.open()


@pytest.fixture
def jobs(stores):
    return stores[0]


@pytest.fixture
def chunks(stores):
    return stores[1]
