"""Idempotency records in one SQLite file, shared by the workers of a host and bounded in size.

Leases run on the monotonic clock, which the processes of a host share and which no clock change moves; expiry runs on
the wall clock, so that records outlive a reboot.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from typing import TYPE_CHECKING

from gateway.admission.idempotency import sqlite_rows as sql
from gateway.admission.idempotency.errors import FingerprintMismatch, InProgress, LeaseLost, StoreUnavailable
from gateway.admission.idempotency.keeping import Keeper
from gateway.admission.idempotency.key import derive_prefix, record_id
from gateway.admission.idempotency.store import open_claim
from gateway.admission.sqlite_file import EmbeddedDatabase, EmbeddedUnavailable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.policy import ClaimPolicy

_log = logging.getLogger(__name__)

_SWEEP_SECONDS = 30.0
_SWEEP_SHARE = 0.01
_SWEEP_RECORDS = 20
_NEARLY_FULL = 0.9


class SqliteIdempotencyStore:
    """The embedded IdempotencyStore. ``max_bytes`` bounds the file: the oldest records that do not run go first."""

    def __init__(
        self,
        path: Path,
        policy: ClaimPolicy,
        *,
        max_bytes: int,
        busy_seconds: float = 0.5,
        wall_clock: Callable[[], float] = time.time,
        lease_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        database = EmbeddedDatabase(path, sql.LAYOUT, max_bytes=max_bytes, busy_seconds=busy_seconds)
        self._file = _File(database, policy, wall_clock, lease_clock)
        self._policy = policy
        self._max_bytes = max_bytes
        self._wall_clock = wall_clock
        self._lease_clock = lease_clock
        self._sweep_at = float("-inf")
        self._keeper = Keeper()

    def claim(self, principal_id: str, key: str, fingerprint: str, items: int) -> Claim:
        """See IdempotencyStore.claim."""
        self._keeper.write_now()
        try:
            self._sweep_if_due()
            with self._file.transaction() as rows:
                record, events, is_held = self._take(rows, record_id(principal_id, key), fingerprint, items)
        except StoreUnavailable:
            self._sweep_at = float("-inf")  # A full file is one reason: the next claim makes room first.
            raise
        prefix = derive_prefix(principal_id, key, fingerprint)
        return open_claim(
            record,
            events,
            is_held=is_held,
            items=items,
            prefix=prefix,
            policy=self._policy,
            keeper=self._keeper,
        )

    def ping(self) -> StoreUnavailable | None:
        """None if the file can be written, or somebody writes to it right now."""
        try:
            with self._file.transaction(waits=False):
                return None
        except StoreUnavailable as exc:
            return None if exc.reason.startswith("SQLITE_BUSY") else exc

    def waiting(self) -> int:
        """See IdempotencyStore.waiting."""
        return self._keeper.waiting

    def close(self) -> None:
        """See IdempotencyStore.close; the next use opens the file again."""
        self._keeper.close()
        self._file.close()

    def _take(
        self, rows: sqlite3.Connection, name: str, fingerprint: str, items: int
    ) -> tuple[_SqliteRecord, list[bytes], bool]:
        """The record, its events, and whether this claim holds it; a complete one is only read."""
        found = sql.find(rows, name)
        # The clock is read inside the transaction: no lease that another worker took can be younger than this reading.
        lease_left = found.lease_left(self._lease_clock()) if found else 0.0
        if found and not lease_left and found.expires_at <= self._wall_clock():
            sql.delete(rows, found.number)
            found = None
        if found is None:
            return self._start(rows, name, fingerprint, items), [], True
        if found.fingerprint != fingerprint:
            raise FingerprintMismatch
        if lease_left:
            raise InProgress(lease_left)
        return self._resume(rows, found)

    def _start(self, rows: sqlite3.Connection, name: str, fingerprint: str, items: int) -> _SqliteRecord:
        record = _SqliteRecord(self._file, sql.insert(rows, name, fingerprint), base=0)
        self._file.write(rows, record.number, record.owner, [self._policy.first_mark(items)])
        return record

    def _resume(self, rows: sqlite3.Connection, found: sql.Row) -> tuple[_SqliteRecord, list[bytes], bool]:
        events = sql.events(rows, found.number)
        record = _SqliteRecord(self._file, found.number, base=events[-1][0])
        if not found.is_complete:
            self._file.write(rows, record.number, record.owner, [])
        return record, [body for _, body in events], not found.is_complete

    def _sweep_if_due(self) -> None:
        """Remove expired records, then the oldest while the file is nearly full: few at a time, to be brief."""
        now = self._lease_clock()
        if now < self._sweep_at and self._file.bytes_written < _SWEEP_SHARE * self._max_bytes:
            return
        evicted = self._file.bytes_written = 0
        with self._file.transaction() as rows:
            removed = sql.delete_oldest(rows, expired_at=self._wall_clock(), now=now, at_most=_SWEEP_RECORDS)
            if sql.used_bytes(rows) > _NEARLY_FULL * self._max_bytes:
                evicted = sql.delete_oldest(rows, expired_at=float("inf"), now=now, at_most=_SWEEP_RECORDS)
        if evicted:
            _log.warning("idempotency_records_evicted", extra={"records": evicted})
        self._sweep_at = now if removed or evicted else now + _SWEEP_SECONDS


class _File:
    """The database as the store and its records use it."""

    def __init__(
        self,
        database: EmbeddedDatabase,
        policy: ClaimPolicy,
        wall_clock: Callable[[], float],
        lease_clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._policy = policy
        self._wall_clock = wall_clock
        self._lease_clock = lease_clock
        self.bytes_written = 0
        self.close = database.close

    @contextlib.contextmanager
    def transaction(self, *, waits: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction of the database. Raises StoreUnavailable."""
        try:
            with self._database.transaction(waits=waits) as rows:
                yield rows
        except EmbeddedUnavailable as exc:
            raise StoreUnavailable(exc.reason) from exc

    def write(self, rows: sqlite3.Connection, number: int, owner: str, events: Sequence[bytes]) -> None:
        """Add events to a record, take or renew its lease, and put its expiry off."""
        sql.add_events(rows, number, events)
        self.bytes_written += sum(map(len, events))
        lease_seconds = self._policy.lease_seconds
        sql.lease(
            rows,
            number,
            owner,
            leased_at=self._lease_clock(),
            lease_seconds=lease_seconds,
            expires_at=self._wall_clock() + max(self._policy.ttl_seconds, lease_seconds),
        )


class _SqliteRecord:
    """One record; ``base`` is the number of its last event before this claim, 0 where the claim made it."""

    def __init__(self, file: _File, number: int, base: int) -> None:
        self.number = number
        self.owner = secrets.token_hex(8)
        self._file = file
        self._base = base

    def append(self, events: Sequence[bytes]) -> None:
        """See Record.append."""
        with self._owned() as rows:
            self._file.write(rows, self.number, self.owner, events)

    def close(self, events: Sequence[bytes], *, complete: bool) -> None:
        """See Record.close."""
        with self._owned() as rows:
            self._file.write(rows, self.number, self.owner, events)
            sql.release(rows, self.number, complete=complete)

    def rollback(self) -> None:
        """See Record.rollback."""
        with self._owned() as rows:
            if self._base:
                sql.remove_events_after(rows, self.number, self._base)
                sql.release(rows, self.number, complete=False)
            else:
                sql.delete(rows, self.number)

    @contextlib.contextmanager
    def _owned(self) -> Iterator[sqlite3.Connection]:
        with self._file.transaction() as rows:
            if not sql.is_owned(rows, self.number, self.owner):
                raise LeaseLost
            yield rows
