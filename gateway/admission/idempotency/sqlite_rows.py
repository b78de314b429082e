"""The SQL of the embedded store, run in the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.admission.sqlite_file import Layout

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

LAYOUT = Layout(
    application_id=0x62756964,
    version=1,
    schema="""
        CREATE TABLE record (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
            complete INTEGER NOT NULL DEFAULT 0, expires_at REAL NOT NULL DEFAULT 0,
            owner TEXT NOT NULL DEFAULT '', leased_at REAL NOT NULL DEFAULT 0, lease_seconds REAL NOT NULL DEFAULT 0
        );
        CREATE INDEX record_by_expiry ON record (expires_at);
        CREATE TABLE event (number INTEGER PRIMARY KEY, record INTEGER NOT NULL, body BLOB NOT NULL);
        CREATE INDEX event_by_record ON event (record)
    """,
)


class Row(NamedTuple):
    """An empty ``owner``: nobody runs it. ``expires_at`` is by the wall clock.

    Negative ``lease_seconds`` are the notice after the lease.
    """

    number: int
    fingerprint: str
    is_complete: bool
    expires_at: float
    owner: str
    leased_at: float
    lease_seconds: float

    def lease_left(self, now: float) -> float:
        """Seconds."""
        # A lease from the future is from before a reboot: nobody holds it.
        age = now - self.leased_at
        return abs(self.lease_seconds) - age if self.owner and 0 <= age < abs(self.lease_seconds) else 0.0

    def needs_notice(self, now: float) -> bool:
        """Whether an owner with an expired lease may live, and got no notice yet."""
        # It may know more than the record.
        return bool(self.owner) and self.lease_seconds >= 0 and now >= self.leased_at


def find(rows: sqlite3.Connection, record_id: str) -> Row | None:
    found = rows.execute(
        "SELECT number, fingerprint, complete, expires_at, owner, leased_at, lease_seconds FROM record WHERE id = ?",
        (record_id,),
    ).fetchone()
    if found is None:
        return None
    number, fingerprint, complete, *rest = found
    # SQLite has no truth values.
    return Row(number, fingerprint, bool(complete), *rest)


class Lease(NamedTuple):
    """As ``Row`` has it."""

    owner: str
    leased_at: float
    lease_seconds: float
    expires_at: float


def insert(rows: sqlite3.Connection, record_id: str, fingerprint: str, lease: Lease) -> int:
    """Gives the record's number; 0 where there is one of this id."""
    statement = (
        "INSERT INTO record (id, fingerprint, owner, leased_at, lease_seconds, expires_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING"
    )
    added = rows.execute(statement, (record_id, fingerprint, *lease))
    return added.lastrowid or 0 if added.rowcount else 0


def take(rows: sqlite3.Connection, number: int, lease: Lease) -> None:
    statement = "UPDATE record SET owner = ?, leased_at = ?, lease_seconds = ?, expires_at = ? WHERE number = ?"
    rows.execute(statement, (*lease, number))


def renew(rows: sqlite3.Connection, number: int, lease: Lease) -> bool:
    """False where another owner has it. Leaves the expiry."""
    statement = "UPDATE record SET leased_at = ?, lease_seconds = ? WHERE number = ? AND owner = ?"
    return rows.execute(statement, (lease.leased_at, lease.lease_seconds, number, lease.owner)).rowcount == 1


def postpone(rows: sqlite3.Connection, number: int, expires_at: float) -> None:
    rows.execute("UPDATE record SET expires_at = ? WHERE number = ?", (expires_at, number))


def give_notice(rows: sqlite3.Connection, number: int, *, now: float, seconds: float) -> None:
    rows.execute("UPDATE record SET leased_at = ?, lease_seconds = ? WHERE number = ?", (now, -seconds, number))


def release(rows: sqlite3.Connection, number: int, owner: str, *, complete: bool) -> bool:
    """False where another owner has it."""
    statement = "UPDATE record SET owner = '', complete = ? WHERE number = ? AND owner = ?"
    return rows.execute(statement, (complete, number, owner)).rowcount == 1


def is_owned(rows: sqlite3.Connection, number: int, owner: str) -> bool:
    query = "SELECT 1 FROM record WHERE number = ? AND owner = ?"
    return rows.execute(query, (number, owner)).fetchone() is not None


def last_event(rows: sqlite3.Connection, number: int) -> int:
    return int(rows.execute("SELECT max(number) FROM event WHERE record = ?", (number,)).fetchone()[0])


def events(rows: sqlite3.Connection, number: int, *, after: int, upto: int, most_bytes: int) -> list[tuple[int, bytes]]:
    """Oldest first, up to the one that reaches ``most_bytes``."""
    query = "SELECT number, body FROM event WHERE record = ? AND number > ? AND number <= ? ORDER BY number"
    found, size = [], 0
    for event, body in rows.execute(query, (number, after, upto)):
        found.append((event, body))
        size += len(body)
        if size >= most_bytes:
            break
    return found


def add_events(rows: sqlite3.Connection, number: int, bodies: Iterable[bytes]) -> None:
    rows.executemany("INSERT INTO event (record, body) VALUES (?, ?)", [(number, body) for body in bodies])


def remove_events_after(rows: sqlite3.Connection, number: int, base: int) -> None:
    rows.execute("DELETE FROM event WHERE record = ? AND number > ?", (number, base))


def delete(rows: sqlite3.Connection, number: int) -> None:
    rows.execute("DELETE FROM event WHERE record = ?", (number,))
    rows.execute("DELETE FROM record WHERE number = ?", (number,))


class Portion(NamedTuple):
    """So many records, up to the one that reaches ``size`` bytes."""

    records: int
    size: int


def delete_oldest(rows: sqlite3.Connection, portion: Portion, *, expired_at: float, now: float) -> int:
    """Idle records that expire by ``expired_at``; how many were deleted."""
    numbers = rows.execute(
        "SELECT number FROM record WHERE expires_at <= ?"
        " AND (owner = '' OR ? - leased_at NOT BETWEEN 0 AND abs(lease_seconds)) ORDER BY expires_at LIMIT ?",
        (expired_at, now, portion.records),
    ).fetchall()
    removed = size = 0
    for (number,) in numbers:
        if size >= portion.size:
            break
        size += _size(rows, number)
        delete(rows, number)
        removed += 1
    return removed


def _size(rows: sqlite3.Connection, number: int) -> int:
    return int(rows.execute("SELECT total(length(body)) FROM event WHERE record = ?", (number,)).fetchone()[0])


def used_bytes(rows: sqlite3.Connection) -> int:
    query = (
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    )
    return int(rows.execute(query).fetchone()[0])
