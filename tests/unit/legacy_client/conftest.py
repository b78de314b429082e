"""What several tests of the core's client need."""

from __future__ import annotations

import pytest

from legacy_client.credentials import (
    ClientCredentials,
)
from legacy_client.transport.memory import VirtualClock
from tests.unit.legacy_client.issuer import Issuer


@pytest.fixture
def credentials(issuer: Issuer, clock: VirtualClock) -> ClientCredentials:
    return ClientCredentials(issuer, clock=clock)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1000.0)
