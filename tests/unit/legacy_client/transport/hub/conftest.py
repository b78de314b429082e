"""A fake core, and a hub in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.fake_core import FakeCore
from tests.unit.legacy_client.transport.hub.rig import Rig, rig

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def core() -> Iterator[FakeCore]:
    with FakeCore() as opened:
        yield opened


@pytest.fixture
def hub(core: FakeCore) -> Iterator[Rig]:
    with rig(core.url) as opened:
        yield opened
