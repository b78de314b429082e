"""The document of a running gateway, and a stack whose partners may send ten items a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.stack import Stack
from sandbox.web import call

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stack() -> Iterator[Stack]:
    with Stack({"RATE_LIMIT": "10/minute"}) as running:
        yield running


@pytest.fixture
def document(stack: Stack) -> str:
    return call("GET", f"{stack.gateway.url}/openapi.json").body.decode()
