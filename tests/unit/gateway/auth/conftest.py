"""What several tests of who may enter need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.gateway.auth.loopback import Loopback

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server of the test's own."""
    with Loopback() as running:
        yield running
