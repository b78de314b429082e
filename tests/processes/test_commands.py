"""The gateway's own commands end with one line at most, whatever terminal, reader or folder they meet."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway.auth.api_keys.key import mint
from gateway.auth.api_keys.sqlite import FILE_NAME, SqliteKeys
from gateway.reference import PAGES
from tests.unit.gateway.auth.key_records import record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with a key whose name is not ASCII."""
    SqliteKeys(tmp_path / FILE_NAME).add(record(mint(), name="Zoë"))
    return tmp_path


def run(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"], **more}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_name_that_the_terminal_cannot_show_is_shown_by_its_escapes(folder: Path):
    listed = run("gateway.keys", "--state-dir", folder, "list", PYTHONIOENCODING="ascii")

    assert (listed.returncode, listed.stderr) == (0, "")
    assert r"Zo\xeb" in listed.stdout


@pytest.mark.parametrize("command", [("list",), ("list", "--json"), ("export",)])
def test_a_reader_that_goes_away_ends_the_command_without_a_word(folder: Path, command: tuple[str, ...]):
    reader, writer = os.pipe()
    os.close(reader)
    with closing(os.fdopen(writer, "w")) as output:
        ended = subprocess.run(
            [sys.executable, "-m", "gateway.keys", "--state-dir", str(folder), *command],
            env={"PATH": os.environ["PATH"]},
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_reference_makes_the_folder_that_is_named(tmp_path: Path):
    made = run("gateway.reference", tmp_path / "new" / "reference")

    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    assert {page.name for page in (tmp_path / "new" / "reference").iterdir()} == set(PAGES)


@pytest.mark.parametrize(("arguments", "code", "line"), [((), 2, "usage: "), (("taken",), 1, "error: ")])
def test_a_reference_that_cannot_be_written_is_told_in_words(
    tmp_path: Path, arguments: tuple[str], code: int, line: str
):
    (tmp_path / "taken").touch()

    told = run("gateway.reference", *(tmp_path / name for name in arguments))

    assert told.returncode == code
    assert told.stderr.startswith(line)
    assert "Traceback" not in told.stderr
