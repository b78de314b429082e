"""Nothing that runs beside others draws from the generator that all in the process share: whoever seeds it would steer that."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.realm_source import RealmSource
from legacy_client.transport.hub.connection import Connection
from legacy_client.transport.hub.known_heads import KnownHeads
from legacy_client.transport.hub.pool import Pool


class Refusing:
    def certs(self) -> object:
        raise SourceFailed("down")


def a_connection() -> Connection:
    # Compiled, a pool takes no stand-in for one.
    loop = SimpleNamespace(io=lambda *_: SimpleNamespace(start=lambda _: None))
    channel = SimpleNamespace(to_wire=None, receive=None, sock=SimpleNamespace(send=None, fileno=lambda: 0))
    return Connection(loop, channel, None, KnownHeads(1))


def test_a_repeat_of_the_keys_leaves_the_shared_generator_alone():
    waits: list[float] = []
    source = RealmSource(Refusing(), asks_issuer=False, algorithms=frozenset(), sleep=waits.append)
    before = random.getstate()

    with pytest.raises(SourceFailed):
        source()

    assert random.getstate() == before
    assert len(waits) == 1
    assert 0.05 <= waits[0] <= 0.25


def test_the_age_of_a_connection_leaves_the_shared_generator_alone():
    opened, before = a_connection(), random.getstate()

    Pool(10.0, 100.0).add(opened, 0.0)

    assert random.getstate() == before
    assert 80.0 <= opened.retires_at <= 100.0
