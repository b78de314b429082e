"""Servers that contract suites share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.redis_server import BINARY, MISSING, RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A running redis-server; skips with the reason where it is not installed."""
    if BINARY is None:
        pytest.skip(MISSING)
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()
