"""The keys of one realm, refreshed in the background, served stale in an outage.

Once keys are held, a request waits only for a new `kid`, and half a second at most.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING

from gateway.auth.errors import KeysUnavailable, SourceFailed
from gateway.auth.keycloak.unknown_kids import UnknownKids

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.auth.keycloak.signing_keys import RealmKeys

_log = logging.getLogger(__name__)
_chance = SystemRandom().uniform

WAIT_SECONDS = 0.5
LOST_SECONDS = 30.0
JITTER = 0.1
_LEAST_SPACING = 1.0
_MOST_SPACING_BEFORE_FIRST = 3.0
_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLife:
    """Seconds. Refreshed at ``ttl``, dropped at ``max_stale``; ``cooldown`` between look-ups."""

    ttl: float
    max_stale: float
    cooldown: float


def in_thread(work: Callable[[], None]) -> None:
    """A greenlet where the process is patched."""
    threading.Thread(target=work, name="realm-keys", daemon=True).start()


class KeyStore:
    """``fetch`` raises SourceFailed. It is first called at the first use."""

    def __init__(
        self,
        realm: str,
        fetch: Callable[[], RealmKeys],
        life: KeyLife,
        *,
        clock: Callable[[], float] = time.monotonic,
        spawn: Callable[[Callable[[], None]], None] = in_thread,
        jitter: Callable[[float, float], float] = _chance,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._realm = realm
        self._fetch = fetch
        self._life = life
        self._clock = clock
        self._spawn = spawn
        self._jitter = jitter
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._unknown = UnknownKids()
        self._flight: threading.Event | None = None
        self._lost_at = self._due_at = self._look_up_at = self._fetched_at = -math.inf
        self._keys: RealmKeys | None = None
        self._failing = False
        self._reason = ""

    def start(self) -> None:
        self._spawn(self._persist)

    def close(self) -> None:
        self._closed.set()

    def current(self) -> RealmKeys:
        """Begins a refresh in the background where one is due.

        Raises KeysUnavailable before the first keys, or when they are older than ``max_stale``.
        """
        now = self._clock()
        if now >= self._due_at:
            self._begin(now)
        if self._keys is None or now >= self._fetched_at + self._life.max_stale:
            return self._awaited()
        return self._keys

    def having(self, kid: str) -> RealmKeys:
        """Fetches for an unknown ``kid``, once per cool-down for all callers.

        Raises KeysUnavailable like ``current``, or where a new ``kid`` cannot be looked up now.
        """
        keys = self.current()
        if kid in keys.by_kid or self._unknown.holds(kid, self._clock()):
            return keys
        return self._look_up(kid, keys)

    def ping(self) -> KeysUnavailable | None:
        """None while tokens can be verified."""
        try:
            self.current()
        except KeysUnavailable as exc:
            return exc
        return None

    def problem(self) -> str:
        """Why the last fetch failed, or empty."""
        return self._reason

    def age_seconds(self) -> float:
        """Infinite before the first fetch."""
        return self._clock() - self._fetched_at

    def _persist(self) -> None:
        self._begin(self._clock())
        while self._keys is None and not self._closed.wait(_POLL_SECONDS):
            self._begin(self._clock())

    def _awaited(self) -> RealmKeys:
        flight = self._flight
        if flight is not None:
            flight.wait(self._wait_seconds)
        if self._keys is None or self.age_seconds() >= self._life.max_stale:
            raise self._unavailable("no keys held")
        return self._keys

    def _look_up(self, kid: str, keys: RealmKeys) -> RealmKeys:
        now = self._clock()
        if self._flight is None and now < self._look_up_at:
            return self._unless_failing(keys)
        flight = self._begin(now, look_up=True)
        if flight is not None and not flight.wait(self._wait_seconds):
            raise self._unavailable("the keys are being fetched")
        keys = self._unless_failing(self.current())
        if kid not in keys.by_kid:
            self._unknown.add(kid, self._clock(), self._look_up_at)
        return keys

    def _unless_failing(self, keys: RealmKeys) -> RealmKeys:
        if self._failing:
            raise self._unavailable("a new kid cannot be looked up")
        return keys

    def _unavailable(self, reason: str) -> KeysUnavailable:
        wait = 0.0 if self._flight is not None else self._due_at - self._clock()
        told = ": ".join(filter(None, (reason, self._reason)))
        return KeysUnavailable(f"{told} ({self._realm})", retry_after=max(1.0, wait))

    def _begin(self, now: float, *, look_up: bool = False) -> threading.Event | None:
        """None where no fetch is running or due."""
        with self._lock:
            if self._flight is not None and now < self._lost_at:
                return self._flight
            if now < (self._look_up_at if look_up else self._due_at):
                return None
            self._flight = flight = threading.Event()
            self._lost_at = now + LOST_SECONDS
            self._due_at = now + self._spacing()
            if look_up:
                self._look_up_at = now + self._life.cooldown
        try:
            self._spawn(lambda: self._run(flight))
        except RuntimeError as exc:
            self._end(flight, None, str(exc))
        return flight

    def _run(self, flight: threading.Event) -> None:
        try:
            self._end(flight, self._fetch())
        except SourceFailed as exc:
            self._end(flight, None, exc.reason)

    def _end(self, flight: threading.Event, keys: RealmKeys | None, reason: str = "") -> None:
        with self._lock:
            # A fetch that was given up must not overwrite what a later one brought.
            if self._flight is flight:
                self._flight = None
                self._land(keys, reason)
        flight.set()

    def _land(self, keys: RealmKeys | None, reason: str) -> None:
        now = self._clock()
        if keys is None:
            self._look_up_at = max(self._look_up_at, now + self._life.cooldown)
            self._note(failing=True, reason=reason)
            return
        if keys != self._keys:
            self._keys = keys
            _log.info("realm_keys_changed", extra={"realm": self._realm, "kids": sorted(keys.by_kid)})
        self._fetched_at = now
        # At most half of the longest life: a refresh must come before the keys are dropped.
        ttl = min(self._life.ttl, self._life.max_stale / 2)
        self._due_at = now + ttl * self._jitter(1 - JITTER, 1 + JITTER)
        self._note(failing=False)

    def _spacing(self) -> float:
        cooldown = max(self._life.cooldown, _LEAST_SPACING)
        return cooldown if self._keys is not None else min(cooldown, _MOST_SPACING_BEFORE_FIRST)

    def _note(self, *, failing: bool, reason: str = "") -> None:
        if failing and not (self._failing and reason == self._reason):
            _log.warning("jwks_fetch_failed", extra={"realm": self._realm, "reason": reason})
        elif self._failing and not failing:
            _log.info("jwks_fetch_recovered", extra={"realm": self._realm})
        self._failing, self._reason = failing, reason
