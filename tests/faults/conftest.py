"""What the tests of this folder share: one identity provider, one scripted core, and a few gateways with short budgets.

``gateway`` stands in front of ``core``; its core is taken not to know idempotency keys, so nothing is sent twice that
may have been applied. ``make_gateway`` starts one of a test's own.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.fake_core import FakeCore
from tests.faults.house import Gateway, Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    with Home() as started:
        yield started


@pytest.fixture(scope="session")
def shared_core() -> Iterator[FakeCore]:
    with FakeCore() as core:
        yield core


@pytest.fixture(scope="session")
def shared_gateway(home: Home, shared_core: FakeCore) -> Iterator[Gateway]:
    with Gateway(home, shared_core.url) as gateway:
        yield gateway


@pytest.fixture
def core(shared_core: FakeCore) -> FakeCore:
    shared_core.forget()
    return shared_core


@pytest.fixture
def gateway(shared_gateway: Gateway, core: FakeCore) -> Gateway:
    return shared_gateway


@pytest.fixture(scope="session")
def shared_honouring(home: Home, shared_core: FakeCore) -> Iterator[Gateway]:
    with Gateway(home, shared_core.url, {"CORE_HONOURS_IDEMPOTENCY": "true"}) as gateway:
        yield gateway


@pytest.fixture
def honouring(shared_honouring: Gateway, core: FakeCore) -> Gateway:
    """The same with a core that honours idempotency keys, so that what may have been applied is sent again."""
    return shared_honouring


@pytest.fixture
def make_gateway(home: Home) -> Iterator[Callable[..., Gateway]]:
    """``make_gateway(core_url, BATCH_DEADLINE="2")``: up until the test ends."""
    with ExitStack() as running:

        def make(core_url: str, surroundings: dict[str, str] | None = None, **settings: Any) -> Gateway:
            return running.enter_context(Gateway(home, core_url, settings, surroundings=surroundings))

        yield make
