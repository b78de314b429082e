"""Batches over a record in memory that may refuse, and what their journals say."""

from __future__ import annotations

from gateway.admission.idempotency.claim import Claim
from gateway.admission.idempotency.errors import LeaseLost, StoreUnavailable
from gateway.admission.idempotency.journal import Entry, replay
from tests.doubles.clocks import FakeClock
from tests.doubles.rules import claim_policy


class MemoryRecord:
    """A record that keeps its events, and refuses while ``is_down``."""

    def __init__(self, *events: bytes) -> None:
        self.events = list(events)
        self.base = len(events)
        self.is_down = self.lost = False
        self.calls = 0
        self.closed: bool | None = None

    def append(self, events) -> None:
        self._write(events)

    def close(self, events, *, complete) -> None:
        self._write(events)
        self.closed = complete

    def rollback(self) -> None:
        self._write([])
        del self.events[self.base :]

    def _write(self, events) -> None:
        self.calls += 1
        if self.lost:
            raise LeaseLost
        if self.is_down:
            raise StoreUnavailable("down")
        self.events += events


class Clock(FakeClock):
    """Calls ``on_advance`` when time has passed."""

    on_advance = staticmethod(bool)

    def advance(self, seconds):
        super().advance(seconds)
        self.on_advance()


POLICY = claim_policy(window=8)


class Batch:
    """A batch of one claim over a core that ends calls when it is told; time passes only where the claim waits."""

    def __init__(self, record, items, keeper, clock=None, policy=POLICY):
        record.events.append(policy.first_mark(items))
        self.clock = clock or FakeClock()
        self.stops = []
        self.claim = Claim(
            record,
            {},
            items=items,
            prefix="x",
            policy=policy,
            keeper=keeper,
            clock=self.clock,
            pause=self.clock.advance,
        )
        self.claim.watch(lambda: self.stops.append("stop"), lambda: self.stops)
        self.claim.begin(range(items))

    def end(self, *indexes):
        for _ in self.claim.keep(((index, b"%d" % index) for index in indexes), AssertionError):
            pass


def finals(*indexes):
    return [Entry(index, "final", b"%d" % index) for index in indexes]


def marked(record):
    return sorted(replay(record.events))


def in_doubt(record):
    return [index for index, entry in replay(record.events).items() if entry.state == "unknown"]


SQLITE_POLICY = claim_policy(ttl_seconds=1000.0, lease_seconds=10.0)


def kept(*indexes: int, payload: bytes = b"") -> list[Entry]:
    return [Entry(index, "final", payload) for index in indexes]


def run_one(store, key: str, payload: bytes = b"") -> None:
    """A batch of one item, from its claim to its end."""
    claim = store.claim("p", key, "f", 1)
    claim.record(kept(0, payload=payload))
    claim.finish()
