"""Where things are kept, also where there is no home."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest

from cli import folders
from cli.errors import Usage


@pytest.fixture
def no_choice(monkeypatch, tmp_path):
    """No folder is named, and the temporary one is the test's."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    return tmp_path


def test_a_folder_that_is_named_is_used_and_made(tmp_path):
    environ = {"ACTIONS_STATE_DIR": str(tmp_path / "a" / "b"), "ACTIONS_CONFIG_DIR": str(tmp_path / "c")}

    assert folders.state_folder(environ) == tmp_path / "a" / "b"
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    assert folders.config_folder(environ) == tmp_path / "c"
    assert not (tmp_path / "c").exists()


def test_else_it_is_the_users_own(no_choice, monkeypatch):
    monkeypatch.setenv("HOME", str(no_choice))

    assert folders.state_folder({}) == no_choice / ".local" / "state" / "actions"
    assert folders.config_folder({}) == no_choice / ".config" / "actions"


def test_without_a_home_it_is_a_private_one_in_the_temporary_folder(no_choice, monkeypatch):
    monkeypatch.setenv("HOME", "/dev/null")

    found = folders.state_folder({})

    assert (found.parent, stat.S_IMODE(found.stat().st_mode)) == (no_choice / "tmp", 0o700)
    assert found.name.startswith("actions-")


def test_a_folder_that_cannot_be_made_or_is_somebody_elses_is_refused(tmp_path, monkeypatch):
    with pytest.raises(Usage, match="ACTIONS_STATE_DIR names another folder"):
        folders.state_folder({"ACTIONS_STATE_DIR": "/dev/null/a"})
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(Usage, match="belongs to somebody else"):
        folders.state_folder({"ACTIONS_STATE_DIR": str(Path(tmp_path))})
