"""What several tests of who may enter need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.issuer import World
from tests.doubles.loopback import Loopback
from tests.unit.gateway.auth.kept_keys import Kept
from tests.unit.gateway.settings_given import Files

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server of the test's own."""
    with Loopback() as running:
        yield running


@pytest.fixture
def world() -> World:
    """A realm, and an authenticator that takes its tokens."""
    return World()


@pytest.fixture
def kept() -> Kept:
    """A store that holds its first keys."""
    kept = Kept()
    kept.store.current()
    return kept


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)
