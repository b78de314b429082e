"""API keys in SQLite: kept as they are, hashed, changed by one at a time."""

from __future__ import annotations

import sqlite3
import stat
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.auth.api_keys.key import hashed, mint
from gateway.auth.api_keys.record import from_entry
from gateway.auth.api_keys.sqlite import FILE_NAME, SqliteKeys
from gateway.auth.errors import SourceFailed
from tests.doubles.issuer import NOW
from tests.unit.gateway.auth.key_records import record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> SqliteKeys:
    return SqliteKeys(tmp_path / "state" / FILE_NAME)


def test_the_store_keeps_a_record_as_it_is(store: SqliteKeys):
    kept = record(mint(), previous_hash=hashed("x"), previous_until=NOW)
    store.add(kept)

    assert store.get(kept.id) == kept
    assert store.all() == [kept]


def test_all_integrations_and_none_of_them_are_not_the_same(store: SqliteKeys):
    every, none = record(mint(), integrations=None), record(mint(), integrations=frozenset())
    store.add(every)
    store.add(none)

    assert store.get(every.id).integrations is None
    assert store.get(none.id).integrations == frozenset()


def test_records_are_listed_oldest_first(store: SqliteKeys):
    new, old = record(mint(), created=NOW + 1), record(mint(), created=NOW)
    store.add(new)
    store.add(old)

    assert store.all() == [old, new]


@pytest.mark.parametrize("is_new", [False, True])
def test_a_store_that_was_taken_away_is_a_fault_and_not_a_store_without_keys(store: SqliteKeys, tmp_path: Path, is_new):
    kept = record(mint())
    store.add(kept)
    reader = SqliteKeys(tmp_path / "state" / FILE_NAME)
    if not is_new:
        assert reader.get(kept.id)
    away = tmp_path / "away"
    (tmp_path / "state").rename(away)
    reason = f"{tmp_path / 'state' / FILE_NAME}: No such file or directory"

    for ask in (lambda: reader.get(kept.id), reader.all, lambda: reader.change(kept.id, lambda old: old)):
        with pytest.raises(SourceFailed) as failed:
            ask()
        assert failed.value.reason == reason
    assert reader.problem() == reason
    away.rename(tmp_path / "state")
    assert (reader.get(kept.id), reader.problem()) == (kept, "")


def test_a_store_below_what_is_no_folder_is_a_fault(tmp_path: Path):
    (tmp_path / "state").write_text("")

    assert SqliteKeys(tmp_path / "state" / FILE_NAME).problem().endswith(": Not a directory")


def test_looking_for_a_key_makes_no_file(store: SqliteKeys, tmp_path: Path):
    assert store.get("A" * 12) is None
    assert store.all() == []
    assert store.change("A" * 12, lambda old: old) is None
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_for_its_owner_only(store: SqliteKeys, tmp_path: Path):
    store.add(record(mint()))

    file = tmp_path / "state" / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_secret_is_nowhere_in_the_files(store: SqliteKeys, tmp_path: Path):
    key = mint()
    store.add(record(key))

    content = b"".join(file.read_bytes() for file in (tmp_path / "state").iterdir())
    assert key.id.encode() in content
    assert key.secret.encode() not in content


def test_a_change_is_kept(store: SqliteKeys):
    key = mint()
    store.add(record(key))

    changed = store.change(key.id, lambda old: replace(old, revoked=NOW))

    assert changed == store.get(key.id)
    assert store.get(key.id).revoked == NOW


def test_a_change_of_an_unknown_key_is_none(store: SqliteKeys):
    store.add(record(mint()))

    assert store.change("A" * 12, lambda old: old) is None


def test_a_change_that_fails_leaves_the_record_as_it_was(store: SqliteKeys):
    kept = record(mint())
    store.add(kept)

    with pytest.raises(SourceFailed):
        store.change(kept.id, lambda old: from_entry({}))

    assert store.get(kept.id) == kept


def test_changes_of_many_threads_are_all_kept(store: SqliteKeys):
    key = mint()
    store.add(record(key, created=0))
    threads = [
        threading.Thread(target=store.change, args=(key.id, lambda old: replace(old, created=old.created + 1)))
        for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert store.get(key.id).created == 8


def test_use_is_noted_once_a_minute_over_all_workers(store: SqliteKeys):
    key = mint()
    store.add(record(key))

    for at in (NOW, NOW + 59, NOW + 1):
        store.touch(key.id, at)
    assert store.get(key.id).last_used == NOW

    store.touch(key.id, NOW + 60)
    assert store.get(key.id).last_used == NOW + 60


def test_a_reader_does_not_wait_for_a_writer_and_a_note_of_use_gives_up(store: SqliteKeys, tmp_path: Path):
    key = mint()
    store.add(record(key))
    writer = sqlite3.connect(tmp_path / "state" / FILE_NAME, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")

    try:
        assert store.get(key.id).id == key.id
        with pytest.raises(SourceFailed, match="locked"):
            store.touch(key.id, NOW)
    finally:
        writer.close()


def test_the_same_id_twice_is_a_failure(store: SqliteKeys):
    kept = record(mint())
    store.add(kept)

    with pytest.raises(SourceFailed):
        store.add(kept)


def test_a_file_that_is_no_database_is_a_failure(tmp_path: Path):
    (tmp_path / FILE_NAME).write_text("no database, for sure" * 50)

    with pytest.raises(SourceFailed, match="not a database"):
        SqliteKeys(tmp_path / FILE_NAME).get("A" * 12)


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SourceFailed):
        SqliteKeys(tmp_path / "file" / FILE_NAME).add(record(mint()))
