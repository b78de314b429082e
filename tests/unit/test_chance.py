"""Nothing that runs beside others draws from the generator that all in the process share: whoever seeds it would steer that."""

from __future__ import annotations

import random

import pytest

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.realm_source import RealmSource
from legacy_client.transport.hub.pool import Pool


class Refusing:
    def certs(self) -> object:
        raise SourceFailed("down")


class Opened:
    retires_at = 0.0


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
    opened, before = Opened(), random.getstate()

    Pool(10.0, 100.0).add(opened, 0.0)

    assert random.getstate() == before
    assert 80.0 <= opened.retires_at <= 100.0
