"""A realm that can fail or hang, and a store of its keys whose clock and work a test holds in its hand."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from gateway.auth.errors import KeysUnavailable, SourceFailed
from gateway.auth.keycloak.key_store import KeyStore
from tests.doubles.issuer import Clock, FakeRealm, at_once, rsa_jwk
from tests.doubles.rules import key_life

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.auth.keycloak.signing_keys import RealmKeys

TTL, MAX_STALE, COOLDOWN = 300.0, 86_400.0, 10.0
ROTATED = {"keys": [rsa_jwk("new"), rsa_jwk("rsa")]}


class Source(FakeRealm):
    """A realm that can also fail, or hang until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.failure = ""
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Event()
        self.answered = threading.Event()
        self.failures_left = 1_000_000

    def __call__(self) -> RealmKeys:
        self.asked.set()
        assert self.gate.wait(20)
        if self.failure and self.failures_left:
            self.failures_left -= 1
            self.fetches += 1
            raise SourceFailed(self.failure)
        self.answered.set()
        return super().__call__()


class Later:
    """Keeps the work of the store until it is told to do it."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def run(self) -> None:
        while self.work:
            self.work.pop(0)()


class Kept:
    """A store over a source, with a clock that stands still."""

    def __init__(self, spawn: Callable[[Callable[[], None]], None] = at_once, **life: float) -> None:
        self.source = Source()
        self.clock = Clock()
        self.store = KeyStore(
            "partners",
            self.source,
            key_life(**({"ttl": TTL, "max_stale": MAX_STALE, "cooldown": COOLDOWN} | life)),
            clock=self.clock,
            spawn=spawn,
            jitter=lambda low, high: 1.0,
            wait_seconds=0.2,
        )

    def after(self, seconds: float) -> KeyStore:
        self.clock.now += seconds
        return self.store

    def has(self, kid: str) -> bool:
        return kid in self.store.having(kid).by_kid


def warm(later: Later) -> Kept:
    """A store that holds its first keys, and does nothing more until ``later`` runs."""
    kept = Kept(later)
    with pytest.raises(KeysUnavailable):
        kept.store.current()
    later.run()
    return kept
