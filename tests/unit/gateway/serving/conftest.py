"""Connections over pairs of sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.gateway.serving.pairs import LONG, Pair

if TYPE_CHECKING:
    from gateway.serving.plan import ClientTimeouts


@pytest.fixture
def pair(make_pair):
    return make_pair()


@pytest.fixture
def make_pair():
    pairs = []

    def make(timeouts: ClientTimeouts = LONG, *, reads_plain_heads: bool = True) -> Pair:
        pairs.append(Pair(timeouts, reads_plain_heads=reads_plain_heads))
        return pairs[-1]

    yield make
    for pair in pairs:
        pair.close()
