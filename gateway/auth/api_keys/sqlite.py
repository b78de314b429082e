"""API keys in a SQLite file, shared by the workers of a host. A reader never waits for a writer.

Each use opens a connection, so no fork shares one.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from gateway.auth.api_keys.record import ApiKey, from_entry
from gateway.auth.errors import SourceFailed
from gateway.write_ahead_log import write_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILE_NAME = "api-keys.sqlite3"
TOUCH_SECONDS = 60.0
# How long to wait for a lock. An operator has time, a request little; a note of use can be skipped.
_COMMAND_WAIT_SECONDS = 5.0
_REQUEST_WAIT_SECONDS = 0.25
_TOUCH_WAIT_SECONDS = 0.05

_TABLE = """
CREATE TABLE IF NOT EXISTS api_keys (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    last_used REAL NOT NULL DEFAULT 0
) WITHOUT ROWID
"""


class SqliteKeys:
    """Made at the first write. Raises SourceFailed where it is unusable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        # Looking for a file must not make it.
        self._uri = path.absolute().as_uri() + "?mode=rw"
        self._was_there = path.is_file()

    def get(self, key_id: str) -> ApiKey | None:
        return next(iter(self._read(_REQUEST_WAIT_SECONDS, "WHERE id = ?", key_id)), None)

    def version(self) -> tuple[tuple[int, int, int] | None, ...]:
        """The stamps of the file and its log."""
        return _stamp(self._path), _stamp(self._log)

    def problem(self) -> str:
        try:
            self.get("")
        except SourceFailed as exc:
            return exc.reason
        return ""

    def all(self) -> list[ApiKey]:
        """Oldest first."""
        return sorted(self._read(_COMMAND_WAIT_SECONDS), key=lambda record: (record.created, record.id))

    def add(self, record: ApiKey) -> None:
        self._make()
        with self._opened() as database:
            database.execute("INSERT INTO api_keys (id, record) VALUES (?, ?)", (record.id, json.dumps(record.entry())))

    def change(self, key_id: str, change: Callable[[ApiKey], ApiKey]) -> ApiKey | None:
        """In one transaction. None: no such key."""
        if self._is_not_made():
            return None
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            found = _records(database, "WHERE id = ?", key_id)
            if not found:
                return None
            changed = change(found[0])
            database.execute("UPDATE api_keys SET record = ? WHERE id = ?", (json.dumps(changed.entry()), key_id))
            return changed

    def touch(self, key_id: str, at: float) -> None:
        """At most once a minute over all workers."""
        with self._opened(_TOUCH_WAIT_SECONDS) as database:
            database.execute(
                "UPDATE api_keys SET last_used = ? WHERE id = ? AND last_used <= ?", (at, key_id, at - TOUCH_SECONDS)
            )

    def _read(self, wait_seconds: float, where: str = "", *values: str) -> list[ApiKey]:
        if self._is_not_made():
            return []
        with self._opened(wait_seconds) as database:
            return _records(database, where, *values)

    def _is_not_made(self) -> bool:
        """A file that was there and is gone is a fault."""
        try:
            self._path.stat()
        except OSError as exc:
            if isinstance(exc, FileNotFoundError) and not self._was_there:
                return True
            raise SourceFailed(f"{self._path}: {exc.strerror}") from exc
        self._was_there = True
        return False

    def _make(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as exc:
            raise SourceFailed(f"{self._path}: {exc.strerror}") from exc
        with self._opened() as database:
            write_ahead(database, _COMMAND_WAIT_SECONDS)
            database.execute(_TABLE)

    @contextmanager
    def _opened(self, wait_seconds: float = _COMMAND_WAIT_SECONDS) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._uri, uri=True, timeout=wait_seconds)) as database, database:
                yield database
        except (sqlite3.Error, ValueError) as exc:
            raise SourceFailed(f"{self._path}: {exc}") from exc


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _records(database: sqlite3.Connection, where: str, *values: str) -> list[ApiKey]:
    rows = database.execute(f"SELECT record, last_used FROM api_keys {where}", values)  # noqa: S608 -- our own clauses
    return [from_entry(json.loads(record), last_used=last_used) for record, last_used in rows]
