"""SQLite's write-ahead log, switched on in a file that others open at the same moment."""

from __future__ import annotations

import sqlite3
import time


def write_ahead(connection: sqlite3.Connection, wait_seconds: float) -> None:
    """Lasts as long as the file. Waits that long for others, and raises sqlite3.Error."""
    until = time.monotonic() + wait_seconds
    while not _is_switched(connection, until):
        # The switch makes a reader's lock stronger, and SQLite waits for no such lock, whatever its busy timeout.
        # It does wait for this one.
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")


def _is_switched(connection: sqlite3.Connection, until: float) -> bool:
    """False where another uses the file right now."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
            raise
        return False
    return True
