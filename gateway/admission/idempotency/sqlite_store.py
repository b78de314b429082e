"""Idempotency records in one SQLite file, for the workers of a host.

Leases use the monotonic clock, which all processes of a host share.
Expiry uses the wall clock, so that records outlive a reboot.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from gateway.admission.idempotency import sqlite_rows as sql
from gateway.admission.idempotency.errors import FingerprintMismatch, InProgress, StoreUnavailable
from gateway.admission.idempotency.keeping import Keeper
from gateway.admission.idempotency.key import derive_prefix, record_id
from gateway.admission.idempotency.sqlite_record import RecordFile, SqliteRecord, new_owner
from gateway.admission.idempotency.store import look_at, open_claim
from gateway.admission.sqlite_file import EmbeddedDatabase

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.journal import Kept, Subject
    from gateway.admission.idempotency.policy import ClaimPolicy

_log = logging.getLogger(__name__)

_Taken = tuple[SqliteRecord, bool] | InProgress

_SWEEP_SECONDS = 30.0
_SWEEP_SHARE = 0.01
_SWEEP = sql.Portion(records=20, size=4_194_304)
_NEARLY_FULL = 0.9


class SqliteIdempotencyStore:
    """``max_bytes`` bounds the file: the oldest idle records go first. ``pause`` is RecordFile's."""

    def __init__(
        self,
        path: Path,
        policy: ClaimPolicy,
        *,
        max_bytes: int,
        busy_seconds: float = 0.5,
        wall_clock: Callable[[], float] = time.time,
        lease_clock: Callable[[], float] = time.monotonic,
        pause: Callable[[], None] | None = None,
    ) -> None:
        database = EmbeddedDatabase(
            path, sql.LAYOUT, max_bytes=max_bytes, busy_seconds=busy_seconds, unavailable=StoreUnavailable
        )
        self._keeper = Keeper()
        self._file = RecordFile(database, policy, wall_clock, lease_clock, self._keeper, pause)
        self._policy = policy
        self._max_bytes = max_bytes
        self._wall_clock = wall_clock
        self._lease_clock = lease_clock
        self._sweep_at = float("-inf")

    def claim(
        self,
        principal_id: str,
        key: str,
        fingerprint: str,
        items: int,
        let_others_run: Callable[[], object] = bool,
        subject: Subject | None = None,
    ) -> Claim:
        self._keeper.write_now()
        first = self._policy.first_mark(items, subject)
        take = partial(self._take, record_id(principal_id, key), fingerprint, first)
        taken = self._with_room(take, [first])
        if isinstance(taken, InProgress):
            raise taken
        record, is_held = taken
        prefix = derive_prefix(principal_id, key, fingerprint)
        return open_claim(
            record,
            record.events(),
            is_held=is_held,
            items=items,
            prefix=prefix,
            policy=self._policy,
            keeper=self._keeper,
            let_others_run=let_others_run,
        )

    def look(self, principal_id: str, key: str, let_others_run: Callable[[], object] = bool) -> Kept | None:
        self._keeper.write_now()
        with self._file.transaction() as rows:
            found = self._look(rows, record_id(principal_id, key))
        if isinstance(found, InProgress):
            raise found
        return None if found is None else look_at(found.events(), let_others_run)

    def ping(self) -> StoreUnavailable | None:
        """None if the file can be written, or somebody is writing."""
        try:
            with self._file.transaction(waits=False):
                return None
        except StoreUnavailable as exc:
            return None if exc.is_busy else exc

    def waiting(self) -> int:
        return self._keeper.waiting

    def close(self) -> None:
        self._file.end_sharing()
        self._keeper.close()
        self._file.close()

    def _with_room(self, take: Callable[[sqlite3.Connection], _Taken], events: Sequence[bytes]) -> _Taken:
        try:
            return self._try(take, events)
        except StoreUnavailable as exc:
            self._sweep_at = float("-inf")
            if not exc.reason.startswith("SQLITE_FULL"):
                raise
        return self._try(take, events)

    def _try(self, take: Callable[[sqlite3.Connection], _Taken], events: Sequence[bytes]) -> _Taken:
        self._sweep_if_due()
        return self._file.run(take, events)

    def _take(self, name: str, fingerprint: str, first_mark: bytes, rows: sqlite3.Connection) -> _Taken:
        """Whether this claim holds the record, too. A complete one is only read."""
        if (record := self._start(rows, name, fingerprint, first_mark)) is not None:
            return record, True
        # Read inside the transaction: another worker's lease cannot be younger than this.
        now = self._lease_clock()
        found = self._found(rows, name, now)
        if found is None:
            return self._take(name, fingerprint, first_mark, rows)
        if found.fingerprint != fingerprint:
            raise FingerprintMismatch
        return self._wait(rows, found, now) or self._resume(rows, name, found)

    def _look(self, rows: sqlite3.Connection, name: str) -> SqliteRecord | InProgress | None:
        now = self._lease_clock()
        found = self._found(rows, name, now)
        if found is None:
            return None
        lease = self._file.lease(new_owner())
        record = SqliteRecord(self._file, name, found.number, sql.last_event(rows, found.number), lease)
        record.stands = found
        return self._wait(rows, found, now) or record

    def _found(self, rows: sqlite3.Connection, name: str, now: float) -> sql.Row | None:
        """None where it has expired, too."""
        found = sql.find(rows, name)
        if found and not found.lease_left(now) and found.expires_at <= self._wall_clock():
            sql.delete(rows, found.number)
            return None
        return found

    def _wait(self, rows: sqlite3.Connection, found: sql.Row, now: float) -> InProgress | None:
        """While its owner may still write."""
        if lease_left := found.lease_left(now):
            return InProgress(lease_left)
        if found.needs_notice(now):
            sql.give_notice(rows, found.number, now=now, seconds=self._policy.notice_seconds)
            return InProgress(self._policy.notice_seconds)
        return None

    def _start(self, rows: sqlite3.Connection, name: str, fingerprint: str, first_mark: bytes) -> SqliteRecord | None:
        """None where there is a record."""
        lease = self._file.lease(new_owner())
        number = sql.insert(rows, name, fingerprint, lease)
        if not number:
            return None
        self._file.add(rows, number, [first_mark])
        return SqliteRecord(self._file, name, number, 0, lease)

    def _resume(self, rows: sqlite3.Connection, name: str, found: sql.Row) -> _Taken:
        lease = self._file.lease(new_owner())
        record = SqliteRecord(self._file, name, found.number, sql.last_event(rows, found.number), lease)
        if not found.is_complete:
            sql.take(rows, found.number, lease)
        record.stands = sql.find(rows, name)
        return record, not found.is_complete

    def _sweep_if_due(self) -> None:
        now = self._lease_clock()
        if now < self._sweep_at and self._file.bytes_written < _SWEEP_SHARE * self._max_bytes:
            return
        evicted = self._file.bytes_written = 0
        with self._file.transaction() as rows:
            removed = sql.delete_oldest(rows, _SWEEP, expired_at=self._wall_clock(), now=now)
            if sql.used_bytes(rows) > _NEARLY_FULL * self._max_bytes:
                evicted = sql.delete_oldest(rows, _SWEEP, expired_at=float("inf"), now=now)
        if evicted:
            _log.warning("idempotency_records_evicted", extra={"records": evicted})
        self._sweep_at = now if removed or evicted else now + _SWEEP_SECONDS
