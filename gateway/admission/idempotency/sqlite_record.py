from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from gateway.admission.idempotency import sqlite_rows as sql
from gateway.admission.idempotency.errors import LeaseLost, RecordUnusable
from gateway.admission.idempotency.group_commit import GroupCommit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from gateway.admission.idempotency.keeping import Keeper
    from gateway.admission.idempotency.policy import ClaimPolicy
    from gateway.admission.sqlite_file import EmbeddedDatabase

# A page takes less than a millisecond to read. Nothing else runs in that time.
_PAGE_BYTES = 262_144
# How far the expiry may be behind the last write.
_EXPIRY_SECONDS = 1.0


Result = TypeVar("Result")


class RecordFile:
    """What its ``database`` raises is StoreUnavailable.

    With a ``pause``, batches that run at once write together, as GroupCommit does. What the ``keeper`` writes waits for none.
    """

    def __init__(
        self,
        database: EmbeddedDatabase,
        policy: ClaimPolicy,
        wall_clock: Callable[[], float],
        lease_clock: Callable[[], float],
        keeper: Keeper,
        pause: Callable[[], None] | None,
    ) -> None:
        self._policy = policy
        self._wall_clock = wall_clock
        self._lease_clock = lease_clock
        self.bytes_written = 0
        self.transaction = database.transaction
        self.close = database.close
        self._keeper = keeper
        self._group = GroupCommit(self.transaction, pause) if pause else None

    def run(self, take: Callable[[sqlite3.Connection], Result], events: Sequence[bytes]) -> Result:
        """``take`` adds the ``events``, as in ``GroupCommit.run``."""
        # One that runs alone would wait for nobody. The keeper writes for one batch after the other: its waits would add
        # up to more than a lease.
        if self._group and self._keeper.running > 1 and not self._keeper.is_writing:
            return self._group.run(take, sum(map(len, events)))
        with self.transaction() as rows:
            return take(rows)

    def end_sharing(self) -> None:
        """From now on nothing waits for others."""
        self._group = None

    def add(self, rows: sqlite3.Connection, number: int, events: Sequence[bytes]) -> None:
        sql.add_events(rows, number, events)
        self.bytes_written += sum(map(len, events))

    def lease(self, owner: str) -> sql.Lease:
        """From now on."""
        seconds = self._policy.lease_seconds
        expires_at = self._wall_clock() + max(self._policy.ttl_seconds, seconds)
        return sql.Lease(owner, self._lease_clock(), seconds, expires_at)


class SqliteRecord:
    """``base`` is the number of the last event before this claim, 0 for a new record.

    ``stands`` is its row as the claim left it.
    """

    def __init__(self, file: RecordFile, name: str, number: int, base: int, lease: sql.Lease) -> None:
        self.number = number
        self.owner = lease.owner
        self._expires_at = lease.expires_at
        self.stands: sql.Row | None = None
        self._file = file
        self._name = name
        self._base = base

    def events(self) -> Iterator[bytes]:
        """In pages. Raises StoreUnavailable."""
        after = 0
        while after < self._base:
            with self._file.transaction() as rows:
                # It may have been removed to make room, and its number given to another.
                if sql.find(rows, self._name) != self.stands:
                    raise RecordUnusable("removed while it was read")
                page = sql.events(rows, self.number, after=after, upto=self._base, most_bytes=_PAGE_BYTES)
            yield from (body for _, body in page)
            after = page[-1][0]

    def append(self, events: Sequence[bytes]) -> None:
        self._expires_at = self._file.run(partial(self._append, events), events)

    def _append(self, events: Sequence[bytes], rows: sqlite3.Connection) -> float:
        lease = self._file.lease(self.owner)
        if not sql.renew(rows, self.number, lease):
            raise LeaseLost
        return self._add(rows, events, lease.expires_at)

    def close(self, events: Sequence[bytes], *, complete: bool) -> None:
        self._expires_at = self._file.run(partial(self._close, events, complete), events)

    def _close(self, events: Sequence[bytes], complete: bool, rows: sqlite3.Connection) -> float:
        if not sql.release(rows, self.number, self.owner, complete=complete):
            raise LeaseLost
        return self._add(rows, events, self._file.lease(self.owner).expires_at)

    def rollback(self) -> None:
        with self._file.transaction() as rows:
            if not sql.is_owned(rows, self.number, self.owner):
                raise LeaseLost
            if self._base:
                sql.remove_events_after(rows, self.number, self._base)
                sql.release(rows, self.number, self.owner, complete=False)
            else:
                sql.delete(rows, self.number)

    def _add(self, rows: sqlite3.Connection, events: Sequence[bytes], expires_at: float) -> float:
        """When the record expires, once this is committed."""
        self._file.add(rows, self.number, events)
        # Each change moves the record in the index of expiries, which most batches are too short to need.
        if abs(expires_at - self._expires_at) < _EXPIRY_SECONDS:
            return self._expires_at
        sql.postpone(rows, self.number, expires_at)
        return expires_at


def new_owner() -> str:
    return secrets.token_hex(8)
