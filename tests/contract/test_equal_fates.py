"""Over Redis, too, an answer, a stream, a job and the command say the same of each item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.test_job_equals_plain import test_each_item_has_one_fate_as_a_batch_in_a_job_and_by_the_command
from tests.doubles.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.redis_server import RedisServer

# Collected here, it takes this module's service.
__all__ = ["test_each_item_has_one_fate_as_a_batch_in_a_job_and_by_the_command"]


@pytest.fixture(scope="module")
def service(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    environ = {
        "GATEWAY_UNSENT_RATE_LIMIT": "",
        "GATEWAY_CORE_AUTH": "none",
        "GATEWAY_REDIS_URL": redis_server.url,
    }
    service = Service(tmp_path_factory.mktemp("state"), environ)
    assert type(service.backends.jobs.chunks).__name__.startswith("Redis"), "not over Redis"
    yield service
    service.close()
