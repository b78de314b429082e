"""Rates in one SQLite file, shared by the workers of a host.

A row holds the hits of the present window and of the one before.
A window begins with its first hit. The clock is monotonic, which all processes of a host share.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from limits.storage import SlidingWindowCounterSupport, Storage

from gateway.admission.sqlite_file import EmbeddedDatabase, EmbeddedUnavailable, Layout

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

_LAYOUT = Layout(
    application_id=0x72617465,
    version=1,
    schema="CREATE TABLE counter (key TEXT PRIMARY KEY, previous INTEGER, current INTEGER, ends REAL) WITHOUT ROWID",
)
_SWEEP_SECONDS = 60.0
_LONGEST_WINDOW = 3600.0


class _Counter(NamedTuple):
    previous: int
    current: int
    ends: float

    def at(self, now: float, window: int) -> _Counter:
        if now >= self.ends + window:
            return _Counter(0, 0, now + window)
        if now >= self.ends:
            return _Counter(self.current, 0, self.ends + window)
        # A counter from the future is from before a reboot.
        return _Counter(self.previous, self.current, min(self.ends, now + window))


class SqliteStorage(Storage, SlidingWindowCounterSupport):
    """Windows of up to an hour. Raises StorageError of ``limits``."""

    STORAGE_SCHEME = None

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(wrap_exceptions=True)
        self._database = EmbeddedDatabase(path, _LAYOUT, is_synced=False)
        self._clock = clock
        self._sweep_at = float("-inf")

    @property
    def base_exceptions(self) -> type[Exception]:
        return EmbeddedUnavailable

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """All or nothing."""
        with self._database.transaction() as rows:
            now = self._clock()
            self._sweep_if_due(rows, now)
            counter = _load(rows, key, now, expiry)
            weighted = counter.previous * (counter.ends - now) / expiry + counter.current
            if int(weighted) + amount > limit:
                return False
            _save(rows, key, counter._replace(current=counter.current + amount))
            return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Previous hits and the seconds they still weigh, then the current ones'."""
        with self._database.transaction(writes=False) as rows:
            now = self._clock()
            counter = _load(rows, key, now, expiry)
        left = counter.ends - now
        return counter.previous, left if counter.previous else 0.0, counter.current, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        self.clear(key)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in a fixed window."""
        with self._database.transaction() as rows:
            counter = _load(rows, key, self._clock(), expiry)
            _save(rows, key, counter._replace(current=counter.current + amount))
            return counter.current + amount

    def get(self, key: str) -> int:
        with self._database.transaction(writes=False) as rows:
            found = _find(rows, key)
            return found.current if found and found.ends > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """By the wall clock."""
        with self._database.transaction(writes=False) as rows:
            found = _find(rows, key)
            return time.time() + max(0.0, found.ends - self._clock() if found else 0.0)

    def check(self) -> bool:
        try:
            with self._database.transaction():
                return True
        except EmbeddedUnavailable:
            return False

    def reset(self) -> int | None:
        """The number of deleted counters."""
        with self._database.transaction() as rows:
            return rows.execute("DELETE FROM counter").rowcount

    def clear(self, key: str) -> None:
        with self._database.transaction() as rows:
            rows.execute("DELETE FROM counter WHERE key = ?", (key,))

    def close(self) -> None:
        self._database.close()

    def _sweep_if_due(self, rows: sqlite3.Connection, now: float) -> None:
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_SECONDS
            gone = (now - _LONGEST_WINDOW, now + _LONGEST_WINDOW)
            rows.execute("DELETE FROM counter WHERE ends NOT BETWEEN ? AND ?", gone)


def _find(rows: sqlite3.Connection, key: str) -> _Counter | None:
    found = rows.execute("SELECT previous, current, ends FROM counter WHERE key = ?", (key,)).fetchone()
    return found and _Counter(*found)


def _load(rows: sqlite3.Connection, key: str, now: float, window: int) -> _Counter:
    found = _find(rows, key)
    if found is None:
        return _Counter(0, 0, now + window)
    counter = found.at(now, window)
    if counter.ends < found.ends:
        _save(rows, key, counter)  # Otherwise the window would begin anew with every read.
    return counter


def _save(rows: sqlite3.Connection, key: str, counter: _Counter) -> None:
    rows.execute("REPLACE INTO counter VALUES (?, ?, ?, ?)", (key, *counter))
