"""API keys in a file that a deployment mounts: a bad new version changes nothing."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.auth.api_keys.file import FileKeys
from gateway.auth.api_keys.key import mint
from gateway.auth.errors import SourceFailed
from tests.doubles.issuer import NOW
from tests.unit.gateway.auth.key_records import record


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


@pytest.mark.parametrize("document", ["{", "[]", "null", "{}", '{"keys": 1}', '{"keys": [{"id": "x"}]}', "[" * 200_000])
def test_a_bad_new_version_changes_nothing_and_is_logged(file: KeyFile, caplog, document: str):
    keys = FileKeys(file.path)
    file.write(document)

    assert keys.get(file.kept.id) == file.kept
    assert [entry.message for entry in caplog.records] == ["api_keys_file_unusable"]


def test_a_file_that_is_gone_changes_nothing_and_is_told_until_it_is_back(file: KeyFile, caplog):
    keys = FileKeys(file.path)
    assert keys.problem() == ""
    kept = file.path.read_text()
    file.path.unlink()

    assert [keys.get(file.kept.id) for _ in range(3)] == [file.kept] * 3
    assert keys.problem() == f"{file.path}: No such file or directory"
    file.write(kept)
    assert keys.problem() == ""
    assert [entry.message for entry in caplog.records] == ["api_keys_file_unusable", "api_keys_file_usable"]


def test_a_bad_file_is_told_for_as_long_as_it_is_there_and_logged_once(file: KeyFile, caplog):
    keys = FileKeys(file.path)
    file.write('{"keys": [{"id": "x"}]}')

    assert [keys.problem() for _ in range(3)] == [f"{file.path}: key 1: missing field: name, hash, scopes"] * 3
    assert [entry.message for entry in caplog.records] == ["api_keys_file_unusable"]


class Unreadable:
    """Makes the next reads of any file fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
        self.error: OSError | None = error
        self._open = Path.open
        monkeypatch.setattr(Path, "open", lambda path, *mode, **more: self.open(path, *mode, **more))

    def open(self, path: Path, *mode, **more):
        if self.error:
            raise self.error
        return self._open(path, *mode, **more)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ESTALE, errno.EMFILE])
def test_a_new_version_that_can_be_read_only_later_counts_from_then_on(file: KeyFile, caplog, monkeypatch, code: int):
    keys = FileKeys(file.path)
    before = keys.version()
    file.write({"keys": [replace(file.kept, revoked=NOW).entry()]})
    disk = Unreadable(monkeypatch, OSError(code, os.strerror(code)))

    assert [keys.get(file.kept.id) for _ in range(2)] == [file.kept] * 2
    assert (keys.version(), keys.problem()) == (before, f"{file.path}: {os.strerror(code)}")
    disk.error = None
    assert keys.version() != before
    assert keys.get(file.kept.id).revoked == NOW
    assert [entry.message for entry in caplog.records] == ["api_keys_file_unusable", "api_keys_file_usable"]


def test_a_list_without_scopes_grants_nothing_and_takes_what_was_granted(file: KeyFile):
    keys = FileKeys(file.path)
    file.write({"keys": [{**file.kept.entry(), "scopes": []}]})

    assert keys.get(file.kept.id).scopes == frozenset()
    assert keys.problem() == ""


@pytest.mark.parametrize("document", ["{", "[]", '{"keys": [{"id": "x"}]}'])
def test_a_bad_file_stops_the_start(file: KeyFile, document: str):
    file.write(document)

    with pytest.raises(SourceFailed, match=r"keys\.json"):
        FileKeys(file.path)


def test_a_key_that_comes_twice_is_refused_since_its_copy_could_undo_a_revocation(file: KeyFile):
    revoked = replace(file.kept, revoked=NOW).entry()
    file.write({"keys": [revoked, record(mint()).entry(), file.kept.entry()]})

    with pytest.raises(SourceFailed, match=f"key 3: the id {file.kept.id} came before"):
        FileKeys(file.path)


def test_a_file_without_end_is_not_read_to_it():
    with pytest.raises(SourceFailed, match="larger than 16,777,216 bytes"):
        FileKeys(Path("/dev/zero"))


def test_an_absent_file_stops_the_start(tmp_path: Path):
    with pytest.raises(SourceFailed, match="No such file"):
        FileKeys(tmp_path / "keys.json")
