from __future__ import annotations

import pytest

from tests.doubles.fake_jobs import FakeJobs


@pytest.fixture
def jobs(world):
    """A gateway that has jobs, of ten items a part, and 25 rows for it."""
    world.gateway.jobs = FakeJobs(world.gateway)
    world.gateway.max_items = 10
    world.write(25)
    return world.gateway.jobs
