"""Callers with an API key, over the SQLite store and over a file."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.auth.api_key import KeyText, hashed, mint
from gateway.auth.api_key_file import FileKeys
from gateway.auth.api_key_record import ApiKey, from_entry
from gateway.auth.api_key_store import FILE_NAME, SqliteKeys
from gateway.auth.api_keys import RECORD_SECONDS, ApiKeyAuthenticator
from gateway.auth.errors import InvalidCredentials, KeysUnavailable, SourceFailed
from tests.unit.gateway.auth.issuer import NOW, Clock, token

if TYPE_CHECKING:
    from pathlib import Path

INTEGRATION = "7f1c2a00-0000-4000-8000-000000000001"


def record(key: KeyText, **more: object) -> ApiKey:
    return ApiKey(
        **{
            "id": key.id,
            "name": "Acme",
            "hash": hashed(key.secret),
            "scopes": frozenset({"INTEGRATION_API"}),
            "integrations": frozenset({INTEGRATION}),
            "rate": "10/minute",
            "created": NOW,
            **more,
        }
    )


class MemoryKeys:
    """The port, in memory, counting."""

    def __init__(self, *records: ApiKey) -> None:
        self.records = {entry.id: entry for entry in records}
        self.looked_up: list[str] = []
        self.touched: list[tuple[str, float]] = []
        self.failure = ""

    def get(self, key_id: str) -> ApiKey | None:
        self.looked_up.append(key_id)
        self._fail()
        return self.records.get(key_id)

    def touch(self, key_id: str, at: float) -> None:
        self._fail()
        self.touched.append((key_id, at))

    def _fail(self) -> None:
        if self.failure:
            raise SourceFailed(self.failure)


class Holder:
    """Somebody with a key, and an authenticator that knows it."""

    def __init__(self, **more: object) -> None:
        self.key = mint()
        self.keys = MemoryKeys(record(self.key, **more))
        self.clock, self.wall_clock = Clock(), Clock(NOW)
        self.authenticator = ApiKeyAuthenticator(self.keys, clock=self.clock, wall_clock=self.wall_clock)

    def identify(self, text: object = None):
        return self.authenticator.identify(f"Bearer {text or self.key}")

    def change(self, **fields: object) -> None:
        self.keys.records[self.key.id] = replace(self.keys.records[self.key.id], **fields)


@pytest.fixture
def holder() -> Holder:
    return Holder()


def test_the_principal_says_whose_key_it_is_and_what_it_may_do(holder: Holder):
    principal = holder.identify()

    assert principal.id == f"key:{holder.key.id}"
    assert principal.method == "api_key"
    assert principal.scopes == {"INTEGRATION_API"}
    assert principal.integrations == {INTEGRATION}
    assert principal.rate == "10/minute"
    assert principal.authorization == f"Bearer {holder.key}"
    assert holder.key.secret not in repr(principal)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic gwk_x", f"Bearer {token()}", "Bearer GWK_x"])
def test_other_credentials_are_not_mine(holder: Holder, authorization: str):
    assert holder.authenticator.identify(authorization) is None


def test_a_mistyped_key_is_refused_without_a_look_up(holder: Holder):
    with pytest.raises(InvalidCredentials):
        holder.identify(str(holder.key)[:-1])

    assert holder.keys.looked_up == []


@pytest.mark.parametrize("key", [mint(), KeyText("A" * 12, "b" * 32)], ids=["unknown id", "guessed"])
def test_an_unknown_key_is_refused(holder: Holder, key: KeyText):
    with pytest.raises(InvalidCredentials, match="unknown API key or wrong secret"):
        holder.identify(key)


def test_a_wrong_secret_is_refused_with_the_same_words(holder: Holder):
    with pytest.raises(InvalidCredentials, match="unknown API key or wrong secret"):
        holder.identify(mint(holder.key.id))


def test_an_unknown_id_costs_as_many_comparisons_as_a_known_one(holder: Holder, monkeypatch: pytest.MonkeyPatch):
    compared: list[str] = []
    monkeypatch.setattr("gateway.auth.api_keys.matches", lambda secret, stored: bool(compared.append(stored)))

    for key in (mint(), mint(holder.key.id)):
        with pytest.raises(InvalidCredentials):
            holder.identify(key)

    assert len(compared) == 4


def test_the_record_is_read_once_in_five_seconds(holder: Holder):
    for _ in range(100):
        holder.identify()
    assert len(holder.keys.looked_up) == 1

    holder.clock.now += RECORD_SECONDS
    holder.identify()
    assert len(holder.keys.looked_up) == 2


def test_a_revoked_key_stops_within_five_seconds(holder: Holder):
    holder.identify()
    holder.change(revoked=NOW)

    holder.clock.now += RECORD_SECONDS

    with pytest.raises(InvalidCredentials, match="revoked"):
        holder.identify()


def test_a_rotated_key_holds_with_its_new_secret_and_for_the_overlap_with_its_old_one(holder: Holder):
    new = mint(holder.key.id)
    holder.change(hash=hashed(new.secret), previous_hash=hashed(holder.key.secret), previous_until=NOW + 60)

    assert holder.identify(new).id == holder.identify().id
    holder.wall_clock.now += 60

    assert holder.identify(new)
    with pytest.raises(InvalidCredentials):
        holder.identify()


def test_an_overlap_lets_no_third_secret_in(holder: Holder):
    holder.change(previous_hash=hashed("other"), previous_until=NOW + 60)

    with pytest.raises(InvalidCredentials):
        holder.identify(mint(holder.key.id))


def test_use_is_noted_at_most_once_a_minute(holder: Holder):
    for _ in range(100):
        holder.identify()
    assert holder.keys.touched == [(holder.key.id, NOW)]

    holder.clock.now += 60
    holder.identify()
    assert len(holder.keys.touched) == 2


def test_a_refused_key_is_not_noted_as_used(holder: Holder):
    with pytest.raises(InvalidCredentials):
        holder.identify(mint(holder.key.id))

    assert holder.keys.touched == []


def test_a_store_that_fails_is_no_fault_of_the_key(holder: Holder):
    holder.keys.failure = "disk I/O error"

    with pytest.raises(KeysUnavailable, match="disk I/O error"):
        holder.identify()


def test_a_store_that_cannot_note_the_use_does_not_stop_the_caller(holder: Holder):
    holder.identify()
    holder.keys.failure = "database is locked"
    holder.clock.now += 60
    holder.authenticator._recent.put(holder.key.id, (float("inf"), holder.keys.records[holder.key.id]))

    assert holder.identify()


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


class KeyFile:
    """A file of keys that a deployment mounts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept = record(mint())
        self.write({"keys": [self.kept.entry()]})

    def write(self, document: object) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(document if isinstance(document, str) else json.dumps(document))
        fresh.replace(self.path)


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


def test_the_keys_of_a_file_are_known(file: KeyFile):
    keys = FileKeys(file.path)

    assert keys.get(file.kept.id) == file.kept
    assert keys.get("A" * 12) is None
    assert keys.touch(file.kept.id, NOW) is None


def test_a_new_version_of_the_file_counts_at_once(file: KeyFile):
    keys = FileKeys(file.path)
    file.write({"keys": [replace(file.kept, revoked=NOW).entry()]})

    assert keys.get(file.kept.id).revoked == NOW


@pytest.mark.parametrize("document", ["{", "[]", "null", "{}", '{"keys": 1}', '{"keys": [{"id": "x"}]}'])
def test_a_bad_new_version_changes_nothing_and_is_logged(file: KeyFile, caplog, document: str):
    keys = FileKeys(file.path)
    file.write(document)

    assert keys.get(file.kept.id) == file.kept
    assert [entry.message for entry in caplog.records] == ["api_keys_file_unusable"]


def test_a_file_that_is_gone_changes_nothing(file: KeyFile):
    keys = FileKeys(file.path)
    file.path.unlink()

    assert keys.get(file.kept.id) == file.kept


@pytest.mark.parametrize("document", ["{", "[]", '{"keys": [{"id": "x"}]}'])
def test_a_bad_file_stops_the_start(file: KeyFile, document: str):
    file.write(document)

    with pytest.raises(SourceFailed, match=r"keys\.json"):
        FileKeys(file.path)


def test_an_absent_file_stops_the_start(tmp_path: Path):
    with pytest.raises(SourceFailed, match="No such file"):
        FileKeys(tmp_path / "keys.json")


ENTRY = record(KeyText("A" * 12, "b" * 32)).entry()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param([], "must be an object", id="a list"),
        pytest.param({}, "missing field: id, name, hash, scopes", id="nothing"),
        pytest.param(ENTRY | {"colour": 1}, "unknown field: colour", id="unknown field"),
        pytest.param(ENTRY | {"id": 7}, "id must be text", id="id a number"),
        pytest.param(ENTRY | {"name": ["x"]}, "name must be text", id="name a list"),
        pytest.param(ENTRY | {"hash": "secret"}, "hash must be", id="hash plain"),
        pytest.param(ENTRY | {"previous_hash": "x"}, "previous_hash must be", id="previous hash plain"),
        pytest.param(ENTRY | {"scopes": "INTEGRATION_API"}, "scopes must be a list", id="scopes a text"),
        pytest.param(ENTRY | {"scopes": [1]}, "scopes must be a list", id="scopes of numbers"),
        pytest.param(ENTRY | {"integrations": "all"}, "integrations must be a list", id="integrations a text"),
        pytest.param(ENTRY | {"integrations": ["x"]}, "UUID", id="integration no UUID"),
        pytest.param(ENTRY | {"rate": "fast"}, "rate must be", id="rate a word"),
        pytest.param(ENTRY | {"rate": "0/minute"}, "rate must be", id="rate zero"),
        pytest.param(ENTRY | {"created": "now"}, "created must be a number", id="created a text"),
        pytest.param(ENTRY | {"revoked": True}, "revoked must be a number", id="revoked a boolean"),
    ],
)
def test_a_wrong_record_is_refused_by_the_name_of_its_field(entry: object, words: str):
    with pytest.raises(ValueError, match=words):
        from_entry(entry)


def test_a_record_needs_no_more_than_id_name_hash_and_scopes():
    entry = {name: ENTRY[name] for name in ("id", "name", "hash", "scopes")}

    assert from_entry(entry).integrations is None


def test_integrations_are_compared_in_lower_case():
    assert from_entry(ENTRY | {"integrations": [INTEGRATION.upper()]}).integrations == {INTEGRATION}
