"""Servers that contract suites share."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from requests import Response

from legacy_client.errors import (
    CoreError,
)
from tests.doubles.fake_core import (
    FakeCore,
)
from tests.doubles.gates import NotingGate
from tests.doubles.stages import connect
from tests.doubles.store_worlds import RedisWorld, SqliteWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gateway.admission.idempotency.store import IdempotencyStore
    from legacy_client.errors import (
        CoreError,
    )
    from legacy_client.transport.base import Limits, Transport

    Result = Response | CoreError
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import Response

    from legacy_client.transport.base import Transport

    Result = Response | CoreError
from typing import TYPE_CHECKING

from tests.contract.calls import LIMITS
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


@pytest.fixture
def transport(core: FakeCore, open_transport: Callable[..., Transport]) -> Transport:
    return open_transport(core.url)


@pytest.fixture
def open_transport(kind: str, gate: NotingGate) -> Iterator[Callable[..., Transport]]:
    with contextlib.ExitStack() as stack:

        def opened(url: str, limits: Limits = LIMITS) -> Transport:
            return stack.enter_context(contextlib.closing(connect(kind, url, gate, limits)))

        yield opened


@pytest.fixture
def gate() -> NotingGate:
    return NotingGate()


@pytest.fixture
def core() -> Iterator[FakeCore]:
    with FakeCore() as opened:
        yield opened


@pytest.fixture(params=["sqlite", "redis"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "sqlite":
        made: Any = SqliteWorld(tmp_path)
    else:
        made = RedisWorld(request.getfixturevalue("redis_server").url)
    yield made
    made.close()


@pytest.fixture
def store(world: Any) -> IdempotencyStore:
    return world.worker()
