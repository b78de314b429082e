from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing

import pytest

from gateway.admission.sqlite_file import EmbeddedDatabase, EmbeddedUnavailable
from tests.doubles.facts import LAYOUT, add, names


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "facts.sqlite3"


@pytest.fixture
def database(path):
    with closing(EmbeddedDatabase(path, LAYOUT)) as made:
        yield made


def test_the_file_is_made_when_first_used_and_readable_by_its_owner_only(database, path):
    assert not path.exists()
    add(database)

    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    assert modes == dict.fromkeys(["facts.sqlite3", "facts.sqlite3-wal", "facts.sqlite3-shm"], 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_may_read_is_closed_to_them(database, path):
    path.parent.mkdir()
    path.touch(0o644)
    add(database)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_writers_do_not_block_each_other_s_readers(database, path):
    add(database)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def fail(database, *statements, then=lambda rows: None):
    with database.transaction() as rows:
        rows.execute("INSERT INTO fact VALUES ('lost')")
        for statement in statements:
            rows.execute(statement)
        then(rows)
        raise KeyError


def test_what_the_block_raises_takes_the_transaction_back(database):
    add(database, "kept")
    with pytest.raises(KeyError):
        fail(database)

    assert names(database) == ["kept"]


def test_a_statement_that_fails_takes_the_transaction_back(database):
    with pytest.raises(EmbeddedUnavailable, match="no such table"):
        fail(database, "DELETE FROM missing")

    assert names(database) == []


def test_a_transaction_that_cannot_even_be_taken_back_is_dropped(database):
    with pytest.raises(KeyError):
        fail(database, then=lambda rows: rows.close())

    assert names(database) == []


def test_a_closed_database_opens_again(database):
    add(database)
    database.close()
    database.close()

    assert names(database) == ["x"]


def foreign(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (x)")


def newer(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA application_id = 7")
        other.execute("PRAGMA user_version = 2")


def corrupt(path):
    path.write_bytes(b"This is no database. " * 400)


def link(path):
    target = path.with_name("target")
    target.touch()
    path.symlink_to(target)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (foreign, "another program's file, or another version's"),
        (newer, "another program's file, or another version's"),
        (corrupt, "SQLITE_NOTADB"),
        (link, "not a file of this user"),
        (os.mkdir, "not a file of this user"),
    ],
)
def test_what_is_not_our_file_is_refused_unchanged_and_forgotten_once_it_is_gone(database, path, spoil, reason):
    path.parent.mkdir()
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(EmbeddedUnavailable, match=reason):
        add(database)
    assert (path.read_bytes() if path.is_file() else b"") == before

    path.rename(path.with_name("aside"))

    add(database)
    assert names(database) == ["x"]


def test_a_file_damaged_while_open_is_refused_and_the_next_one_serves(database, path):
    for number in range(500):
        add(database, f"{number:0100}")
    database.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8192))

    with pytest.raises(EmbeddedUnavailable, match="SQLITE_CORRUPT"):
        names(database)
    path.unlink()

    assert names(database) == []


@pytest.mark.parametrize("parent", ["file", "unwritable"])
def test_a_folder_that_cannot_be_is_a_reason_and_no_crash(tmp_path, parent):
    place = tmp_path / parent
    if parent == "file":
        place.touch()
    elif os.geteuid() == 0:
        place = type(place)("/proc/nowhere")
    else:
        place.mkdir(0o500)

    with pytest.raises(EmbeddedUnavailable, match=str(place)):
        add(EmbeddedDatabase(place / "folder" / "facts", LAYOUT))


def test_a_lock_held_too_long_is_a_reason_and_no_wait_without_end(database, path):
    add(database)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EmbeddedUnavailable, match="SQLITE_BUSY"):
            add(EmbeddedDatabase(path, LAYOUT, busy_seconds=0.01))
        other.execute("ROLLBACK")


def test_the_file_does_not_grow_beyond_its_bound(path):
    with (
        closing(EmbeddedDatabase(path, LAYOUT, max_bytes=200_000)) as database,
        pytest.raises(EmbeddedUnavailable) as full,
    ):
        fill(database)

    assert "SQLITE_FULL" in full.value.reason
    assert path.stat().st_size <= 200_000


def fill(database):
    for _ in range(1000):
        add(database, "x" * 1000)


def test_threads_share_one_connection(database):
    threads = [threading.Thread(target=lambda: [add(database) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(names(database)) == 200


def test_a_folder_of_another_user_is_told_with_what_stands_there_and_whose_it_is(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("to give a file away takes root")
    place = tmp_path / "state"
    place.mkdir(0o700)
    (place / "facts").touch(0o600)
    for given in (place / "facts", place):
        os.chown(given, 12_345, 12_345)

    with pytest.raises(EmbeddedUnavailable) as refused:
        add(EmbeddedDatabase(place / "facts", LAYOUT))

    assert refused.value.reason == (
        f"EPERM (not a file of this user); folder {place} of user 12345, mode 0700,"
        f" file {place / 'facts'} of user 12345, mode 0600, used as user 0"
    )


def test_what_the_system_refuses_is_told_with_its_errno(tmp_path):
    (tmp_path / "state").touch(0o640)

    with pytest.raises(EmbeddedUnavailable) as refused:
        add(EmbeddedDatabase(tmp_path / "state" / "facts", LAYOUT))

    assert refused.value.reason == (
        f"EEXIST (File exists); file {tmp_path / 'state'} of user {os.geteuid()}, mode 0640,"
        f" {tmp_path / 'state' / 'facts'}: Not a directory, used as user {os.geteuid()}"
    )


def test_a_file_that_was_removed_is_not_written_to_any_more(database, path):
    add(database, "before")
    shutil.rmtree(path.parent)

    add(database, "after")

    with closing(EmbeddedDatabase(path, LAYOUT)) as other:
        assert names(other) == ["after"]


def test_who_does_not_wait_is_told_of_a_lock_at_once_and_waits_the_next_time(database, path):
    add(database, "one")
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EmbeddedUnavailable, match="SQLITE_BUSY"), database.transaction(waits=False):
            pytest.fail("the lock is another's")
        released = threading.Timer(0.05, other.execute, ["ROLLBACK"])
        released.start()
        add(database, "two")
        released.join()

    assert names(database) == ["one", "two"]
