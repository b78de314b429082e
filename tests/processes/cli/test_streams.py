"""The command as a process whose streams or surroundings are odd: its exit code stays true, and no line is a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from sandbox.background import ROOT

FULL = Path("/dev/full")
ROWS = "actionId,status\n1,done\n"


@pytest.fixture
def run(tmp_path):
    def run(*words, closed=None, stdout=subprocess.PIPE, **surroundings):
        environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "ACTIONS_STATE_DIR": str(tmp_path / "state")}
        return subprocess.run(
            [sys.executable, "-m", "cli", *words],
            cwd=tmp_path,
            env=environment | surroundings,
            preexec_fn=None if closed is None else partial(os.close, closed),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            timeout=100,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("words", "closed", "code", "said"),
    [
        (("check", "-"), 0, 5, "actions: the file is empty; its first row must name the columns\n"),
        (("check", "wrong.csv", "--json"), 1, 5, ""),
        (("check", "nowhere.csv"), 2, 2, ""),
    ],
    ids=["standard input", "standard output", "standard error"],
)
def test_a_stream_that_is_closed_changes_no_exit_code(run, tmp_path, words, closed, code, said):
    (tmp_path / "wrong.csv").write_text("actionId,status\n1,open\n")

    ran = run(*words, closed=closed)

    assert (ran.returncode, ran.stderr) == (code, said)


def test_json_is_utf_8_in_any_locale_and_for_any_name(run, tmp_path):
    names = ["é.csv", os.fsdecode(b"\xff.csv")]
    for name in names:
        (tmp_path / name).write_text("actionId,status\n1,é\n", encoding="utf-8")

    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"}
    ran = [run("check", name, "--json", **plain) for name in names]

    assert [(one.returncode, one.stderr) for one in ran] == [(5, ""), (5, "")]
    assert [json.loads(one.stdout.splitlines()[0])["value"] for one in ran] == ["é", "é"]


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is full")
def test_an_output_that_is_full_is_told_in_one_line(run, tmp_path):
    (tmp_path / "updates.csv").write_text(ROWS)

    with FULL.open("wb") as full:
        ran = run("check", "updates.csv", "--json", stdout=full)

    assert (ran.returncode, ran.stderr) == (1, "actions: the output: No space left on device\n")
