"""What the workers of a host share: ``python -m bench.shared`` measures how long each holds the embedded stores' locks.

One worker at a time writes to a SQLite file. So what a batch or a request holds it for bounds all workers together.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import orjson

from bench.items import item
from gateway.admission.idempotency.journal import Subject
from gateway.admission.idempotency.policy import ClaimPolicy
from gateway.admission.idempotency.sqlite_store import SqliteIdempotencyStore
from gateway.admission.rates.sqlite_rates import SqliteStorage
from gateway.admission.sqlite_file import EmbeddedDatabase

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

_ITEMS, _TURNS, _ROUNDS = 100, 4, 250
_PROCESSES = (1, 2, 4)
_SECONDS = 2.0
_PAYLOAD = orjson.dumps(item(10_000_000))


class Held(NamedTuple):
    """Microseconds of one piece of work, and those of them in which no other worker can write."""

    what: str
    takes: float
    holds: float


def held() -> list[Held]:
    """The least of many turns."""
    with tempfile.TemporaryDirectory() as folder:
        keyed, rated = _keyed(Path(folder)), _rated(Path(folder))
        return [
            Held(f"a keyed batch of {_ITEMS}", *_least(keyed)),
            Held("a request that a rate counts", *_least(rated)),
        ]


def side_by_side(processes: int) -> float:
    """Keyed batches a second of so many processes together, on one file."""
    with tempfile.TemporaryDirectory() as folder, multiprocessing.Pool(processes) as pool:
        # Two processes that make a file at once are in each other's way.
        pool.apply(_make, (folder,))
        return sum(pool.starmap(_batches_a_second, [(folder,)] * processes))


def _make(folder: str) -> None:
    _keyed(Path(folder))()


def _batches_a_second(folder: str) -> float:
    work, count, began = _keyed(Path(folder)), 0, time.monotonic()
    while time.monotonic() < began + _SECONDS:
        work()
        count += 1
    return count / (time.monotonic() - began)


def _keyed(folder: Path) -> Callable[[], None]:
    """A batch's claim, its marks and results, and its end, without calls."""
    policy = ClaimPolicy(ttl_seconds=86_400.0, window=64, in_flight=32, repeats_unknown=False)
    store = SqliteIdempotencyStore(folder / "keys.sqlite", policy, max_bytes=1 << 30, busy_seconds=10.0)
    subject = Subject("actions", [str(10_000_000 + number) for number in range(_ITEMS)])

    sent = [(position, _PAYLOAD) for position in range(_ITEMS)]

    def work() -> None:
        claim = store.claim("a partner", str(time.monotonic_ns()), "0" * 64, _ITEMS, bool, subject)
        claim.begin(range(_ITEMS))
        deque(claim.keep(sent, lambda _index, other: other), maxlen=0)
        claim.finish()

    return work


def _rated(folder: Path) -> Callable[[], None]:
    storage = SqliteStorage(folder / "rates.sqlite")
    return lambda: _hit(storage)


def _hit(storage: SqliteStorage) -> None:
    storage.acquire_sliding_window_entry("a partner", 10**9, 3600, _ITEMS)
    storage.get_sliding_window("a partner", 3600)


def _least(work: Callable[[], None]) -> tuple[float, float]:
    takes = holds = float("inf")
    with _watched() as spent:
        for _ in range(_ROUNDS):
            spent.clear()
            began = time.perf_counter()
            for _ in range(_TURNS):
                work()
            takes = min(takes, (time.perf_counter() - began) / _TURNS)
            holds = min(holds, sum(spent) / _TURNS)
    return takes * 1e6, holds * 1e6


@contextlib.contextmanager
def _watched() -> Iterator[list[float]]:
    """Seconds of each transaction that writes."""
    spent: list[float] = []
    begin, end = EmbeddedDatabase.begin, EmbeddedDatabase.end
    began, writes_now = 0.0, False

    def watched_begin(self: EmbeddedDatabase, wait_seconds: float, *, writes: bool) -> sqlite3.Connection:
        nonlocal began, writes_now
        began, writes_now = time.perf_counter(), writes
        return begin(self, wait_seconds, writes=writes)

    def watched_end(self: EmbeddedDatabase, error: BaseException | None) -> None:
        end(self, error)
        if writes_now:
            spent.append(time.perf_counter() - began)

    # Steps of a store hold its `transaction` from their start on, and each asks for these two anew.
    with patch.multiple(EmbeddedDatabase, begin=watched_begin, end=watched_end):
        yield spent


def main() -> None:
    for what, takes, holds in held():
        print(f"{what}: {takes:,.0f} µs, {holds:,.0f} of them alone at the file: at most {1e6 / holds:,.0f} a second")
    for processes in _PROCESSES:
        print(f"{processes} processes: {side_by_side(processes):,.0f} keyed batches of {_ITEMS} a second")


if __name__ == "__main__":
    main()
