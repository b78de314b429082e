"""What "Large batches" has a partner run for a job, run: the commands, and the program on good and bad days."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from sandbox.stack import Stack
from tests.docs import blocks
from tests.e2e.stack import CoreView

pytestmark = pytest.mark.e2e
[_, PROGRAM] = [block.text for block in blocks("python") if block.page == "partners/large-batches.md"]
COMMANDS = [block for block in blocks("sh") if block.title in ("job", "respond-async")]
# Its pauses are of no interest here.
IMPATIENT = "import time\ntime.sleep = lambda seconds: None\n"


@pytest.fixture(scope="module")
def shared():
    with Stack(job_workers=1) as running:
        yield running


@pytest.fixture
def stack(shared):
    shared.core.control("POST", "reset")
    return shared


def environ(stack):
    return os.environ | {"GATEWAY": stack.gateway.url, "TOKEN": stack.token()}


def run(stack, tmp_path, name, *ids, status="active"):
    path = tmp_path / "items.ndjson"
    path.write_text("".join(json.dumps({"actionId": str(item_id), "status": status}) + "\n" for item_id in ids))
    command = [sys.executable, "-c", IMPATIENT + PROGRAM, name, str(path)]
    ran = subprocess.run(command, env=environ(stack), capture_output=True, text=True, timeout=100, check=False)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("commands", COMMANDS, ids=lambda block: block.title)
def test_the_commands_make_fill_start_and_read_a_job(stack, commands):
    ran = subprocess.run(["bash", "-c", commands.text], env=environ(stack), capture_output=True, text=True, timeout=100)

    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith('{"index"')]
    assert sorted((line["actionId"], line["outcome"]) for line in lines) == [("19353", "applied"), ("90404", "failed")]
    assert ran.stdout.splitlines()[-1].endswith('"complete":true}')


def test_the_program_sends_all_parts_and_ends_well(stack, tmp_path):
    ran = run(stack, tmp_path, "well", *range(19_000, 20_500))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.splitlines()[:2] == ["part 1", "part 2"]
    assert CoreView(stack).counts()["applied"] == 1500


def test_run_again_it_sends_nothing_and_tells_the_same(stack, tmp_path):
    first = run(stack, tmp_path, "again", 19_001, 90_404)
    second = run(stack, tmp_path, "again", 19_001, 90_404)

    told = "1 90404 failed not_found Action 90404 was not found."
    assert (first.returncode, second.returncode) == (1, 1)
    assert (first.stdout.splitlines()[-1], second.stdout.splitlines()[-1]) == (told, told)
    assert "the job is partial" in second.stderr
    assert CoreView(stack).counts()["total"] == 2


def test_a_mistake_is_told_by_line_and_mended_under_the_same_name(stack, tmp_path):
    wrong = run(stack, tmp_path, "mended", 19_001, 19_002, status="open")
    mended = run(stack, tmp_path, "mended", 19_001, 19_002)

    assert wrong.returncode == 1
    assert [line.split()[:4] for line in wrong.stdout.splitlines()[1:]] == [
        ["line", "1", "19001", "status"],
        ["line", "2", "19002", "status"],
    ]
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert CoreView(stack).counts()["applied"] == 2
