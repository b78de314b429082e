"""The gateway's own commands end with one line at most, whatever terminal, reader or folder they meet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.auth.api_keys.key import mint
from gateway.auth.api_keys.sqlite import FILE_NAME, SqliteKeys
from gateway.reference.__main__ import files
from tests.processes.commands import environment
from tests.unit.gateway.auth.key_records import record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with a key whose name is not ASCII."""
    SqliteKeys(tmp_path / FILE_NAME).add(record(mint(), name="Zoë"))
    return tmp_path


def run(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"], **more}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "command",
    [
        "gateway.audit find --item",
        "gateway.batches show --principal key:1",
        "gateway.jobs show",
        "gateway.keys revoke",
        "gateway.partners show",
    ],
)
def test_an_argument_that_is_no_text_is_told_in_one_line(tmp_path: Path, command: str):
    (tmp_path / "partners.toml").write_text("")
    settings = environment(tmp_path, PARTNERS_FILE=str(tmp_path / "partners.toml"))

    told = run(*command.split(), "\udcff", **settings)

    assert (told.returncode, told.stderr) == (2, "error: an argument is not text in UTF-8\n")


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


@pytest.mark.parametrize(
    ("unbuffered", "line"),
    [
        ("", "error: the output cannot be written (No space left on device)\n"),
        ("1", "error: standard output: No space left on device\n"),
    ],
)
def test_output_that_cannot_be_written_is_told_in_one_line(folder: Path, unbuffered: str, line: str):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "gateway.keys", "--state-dir", str(folder), "list"],
            env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert (ended.returncode, ended.stderr) == (1, line)


WAITING = """
import sys, time
from gateway.ending import run_to_its_end
def wait():
    print("waits", flush=True)
    time.sleep(60)
    return 0
sys.exit(run_to_its_end(wait))
"""


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_command_that_is_stopped_ends_alike_where_nothing_can_be_told(redirection: str):
    script = f'exec "$0" -c "$1" {redirection}'
    command = ["sh", "-c", script, sys.executable, WAITING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stopped:
        assert stopped.stdout is not None
        assert stopped.stdout.readline() == "waits\n"
        stopped.send_signal(signal.SIGINT)

        assert stopped.wait(60) == 130


@pytest.mark.parametrize(
    ("before", "signals", "told"),
    [("", [signal.SIGHUP], "\nstopped\n"), ("trap '' HUP; ", [signal.SIGHUP, signal.SIGUSR1], "")],
)
def test_a_lost_terminal_stops_a_command_unless_that_is_ignored(before: str, signals: list[int], told: str):
    """SIGUSR1 ends what SIGHUP has left."""
    command = ["sh", "-c", f'{before}exec "$0" -c "$1"', sys.executable, WAITING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as stopped:
        assert stopped.stdout is not None
        assert stopped.stdout.readline() == "waits\n"
        for number in signals:
            stopped.send_signal(number)

        assert stopped.communicate(timeout=60)[1] == told
    assert stopped.returncode == (-signal.SIGUSR1 if before else 130)


def test_the_reference_makes_the_folder_that_is_named(tmp_path: Path):
    made = run("gateway.reference", tmp_path / "new" / "reference")

    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    written = tmp_path / "new" / "reference"
    assert {path.relative_to(written).as_posix() for path in written.rglob("*.*")} == set(files())


@pytest.mark.parametrize(("arguments", "code", "line"), [((), 2, "usage: "), (("taken",), 1, "error: ")])
def test_a_reference_that_cannot_be_written_is_told_in_words(
    tmp_path: Path, arguments: tuple[str], code: int, line: str
):
    (tmp_path / "taken").touch()

    told = run("gateway.reference", *(tmp_path / name for name in arguments))

    assert told.returncode == code
    assert told.stderr.startswith(line)
    assert "Traceback" not in told.stderr
