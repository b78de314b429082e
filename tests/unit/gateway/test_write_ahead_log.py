from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing

import pytest

from gateway.write_ahead_log import write_ahead


@pytest.fixture
def path(tmp_path):
    return tmp_path / "facts.sqlite3"


def opened(path, timeout=0.0):
    return closing(sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False))


def read(connection):
    """Lets nobody switch until it ends."""
    connection.execute("BEGIN")
    connection.execute("SELECT * FROM sqlite_master").fetchall()


def test_the_file_has_it_from_then_on(path):
    with opened(path) as first:
        write_ahead(first, 0)
        write_ahead(first, 0)
    with opened(path) as second:
        assert second.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_who_reads_the_file_at_that_moment_is_waited_for(path):
    with opened(path) as reader, opened(path, timeout=30) as switching:
        read(reader)
        ending = threading.Timer(0.2, lambda: reader.execute("COMMIT"))
        ending.start()
        write_ahead(switching, 30)
        ending.join()
        assert switching.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_who_reads_on_and_on_is_not_waited_for_without_end(path):
    with opened(path) as reader, opened(path, timeout=0.05) as switching:
        read(reader)
        began = time.monotonic()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write_ahead(switching, 0.05)
        assert time.monotonic() - began < 10


def test_what_is_no_lock_is_not_tried_again(path):
    path.write_text("no database, for sure" * 50)
    with opened(path) as connection, pytest.raises(sqlite3.DatabaseError, match="not a database"):
        write_ahead(connection, 30)
