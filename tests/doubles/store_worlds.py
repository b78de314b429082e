"""Stores of idempotency records with workers that come and go and time that is moved by hand, and claims on them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import redis

from gateway.admission.idempotency.errors import InProgress
from gateway.admission.idempotency.journal import Entry
from gateway.admission.idempotency.redis_store import RedisIdempotencyStore
from tests.doubles.clocks import FakeClock
from tests.doubles.rules import claim_policy, sqlite_store

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.sqlite_store import SqliteIdempotencyStore
    from gateway.admission.idempotency.store import IdempotencyStore

POLICY = {"ttl_seconds": 1000.0, "lease_seconds": 10.0, "notice_seconds": 2.0, "window": 4}


class SqliteWorld:
    """The embedded store under clocks moved by hand."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state" / "idempotency.sqlite3"
        self._wall, self._lease = FakeClock(), FakeClock(50.0)
        self._stores: list[SqliteIdempotencyStore] = []

    def worker(self, **policy: Any) -> IdempotencyStore:
        """A store as another worker process would open it."""
        rules = claim_policy(**{**POLICY, **policy})
        store = sqlite_store(self._path, rules, wall_clock=self._wall, lease_clock=self._lease)
        self._stores.append(store)
        return store

    def forget_everything(self) -> None:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.executescript("DELETE FROM event; DELETE FROM record")

    def pass_time(self, seconds: float) -> None:
        self._wall.advance(seconds)
        self._lease.advance(seconds)

    def close(self) -> None:
        for store in self._stores:
            store.close()


class RedisWorld:
    """The Redis store; time passes by shortening the life of every key."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = redis.from_url(url)
        self._client.flushall()
        self._stores: list[RedisIdempotencyStore] = []

    def worker(self, **policy: Any) -> IdempotencyStore:
        """A store as another worker process would open it."""
        rules = claim_policy(**{**POLICY, **policy})
        store = RedisIdempotencyStore(self._url, rules, timeout_seconds=5.0)
        self._stores.append(store)
        return store

    def forget_everything(self) -> None:
        self._client.flushall()

    def pass_time(self, seconds: float) -> None:
        for key in self._client.scan_iter():
            left = self._client.pttl(key)
            assert left > 0, f"{key!r} would live for ever"
            self._client.pexpire(key, max(0, left - round(seconds * 1000)))

    def close(self) -> None:
        for store in [*self._stores, self._client]:
            store.close()


def claim(store: IdempotencyStore, *, items: int = 3, fingerprint: str = "f", key: str = "k", who: str = "p") -> Claim:
    return store.claim(who, key, fingerprint, items)


def taken_over(world: Any, **batch: Any) -> Claim:
    """The claim of another worker, for a key whose lease has run out."""
    other = world.worker()
    with pytest.raises(InProgress):
        claim(other, **batch)
    world.pass_time(2.1)
    return claim(other, **batch)


def finals(*indexes: int) -> list[Entry]:
    return [Entry(index, "final", b'{"id":%d}' % index) for index in indexes]
