"""The core's SQLite file: its fixed tables, how to open it, and the few statements every store needs."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Row = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS integrations (id TEXT PRIMARY KEY, name TEXT, is_forbidden INTEGER);
CREATE TABLE IF NOT EXISTS integration_actions (
    id TEXT PRIMARY KEY, integration_id TEXT, name TEXT, slug TEXT, description TEXT,
    code TEXT, "order" INTEGER, input_fields TEXT, UNIQUE (integration_id, name));
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL, method TEXT, path TEXT, idempotency_key TEXT, request_id TEXT,
    traceparent TEXT, timeout_ms TEXT, body TEXT, answer TEXT);
CREATE INDEX IF NOT EXISTS journal_keys ON journal (idempotency_key);
"""


class Database:
    """One connection, used by one thread. Statements commit on their own outside ``transaction``."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = _as_dict
        # A sandbox need not survive a power cut; a killed process loses nothing either way.
        self._connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {_SCHEMA}")

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def create(self, table: str, columns: Mapping[str, str]) -> None:
        """Make a table where there is none of this name; ``columns`` are names and SQL types."""
        defined = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({defined})")

    def one(self, query: str, *values: Any) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(query, values).fetchone()
        return row

    def all(self, query: str, *values: Any) -> list[Row]:
        return self._connection.execute(query, values).fetchall()

    def insert(self, table: str, row: Mapping[str, Any]) -> None:
        columns, places = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", tuple(row.values()))

    def update(self, table: str, row_id: int | str, fields: Mapping[str, Any]) -> None:
        """Set the given columns of the row with this id."""
        columns = ", ".join(f'"{name}" = ?' for name in fields)
        if columns:
            self._connection.execute(f"UPDATE {table} SET {columns} WHERE id = ?", (*fields.values(), row_id))

    def clear(self, table: str) -> None:
        self._connection.execute(f"DELETE FROM {table}")


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
