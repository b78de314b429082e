"""What ``docs/partners/command.md`` shows of a terminal is what comes; ``make serve`` prints lines that do it."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from sandbox.identity.realm import REALM
from sandbox.serve import words
from sandbox.stack import Stack
from tests.docs import blocks
from tests.e2e.cli.command import Command

pytestmark = pytest.mark.e2e
RECORDED = [block for block in blocks("text") if block.page == "partners/command.md" and block.title == "recorded"]
JOB = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b")
LOG_IN = "actions login https://gateway.example --issuer https://login.example/realms/partners --client-id partner"
PROGRESS = re.compile(r"^[\d,]+ of [\d,]+ rows: .*\n", re.MULTILINE)
SHOWN_FILES = re.compile(r"^\$ cat (\w+\.csv)\n(.*?)(?=^\$ )", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def with_jobs():
    with Stack(job_workers=1) as running:
        yield running


@pytest.fixture
def shell(with_jobs, tmp_path):
    """Runs lines as a partner types them, with the page's addresses and job in place of the sandbox's."""
    stack = with_jobs
    stack.core.control("POST", "reset")
    command = Command(stack, tmp_path)
    secret = command.environment["ACTIONS_CLIENT_SECRET"]
    own = {
        "https://gateway.example": stack.gateway.url,
        "https://login.example/realms/partners": f"{stack.identity.url}/realms/{REALM}",
    }
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": command.environment["PYTHONPATH"],
        "HOME": str(tmp_path),
        "ACTIONS_CLIENT_SECRET": secret,
    }

    def run(line):
        for shown, real in own.items():
            line = line.replace(shown, real)
        script = f'actions() {{ {command.python} -m cli "$@"; }}\n{line}'
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        said = ran.stdout + ran.stderr
        for shown, real in own.items():
            said = said.replace(real, shown)
        return said.replace(str(tmp_path), "~")

    run.folder = tmp_path
    return run


@pytest.mark.parametrize("block", RECORDED, ids=str)
def test_the_recorded_terminal_is_the_real_one(shell, block):
    for name, content in SHOWN_FILES.findall(block.text):
        if not (shell.folder / name).exists() and "_error" not in content:
            (shell.folder / name).write_text(content, encoding="utf-8")
    if "actions login" not in block.text and "actions update" in block.text:
        shell(LOG_IN)
    lines = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE)

    typed, shown, real = "", JOB.search(block.text), None
    for line, _ in lines:
        said = shell(line.replace(shown[0], real[0]) if shown and real else line)
        real = real or JOB.search(said)
        typed += f"$ {line}\n{said}"

    # A line of progress comes after ten seconds, as on a busy machine.
    plain = PROGRESS.sub("", typed.replace("\r", ""))
    assert (JOB.sub(shown[0], plain) if shown else plain) == block.text


def test_make_serve_prints_the_lines_that_log_in_send_and_make_a_job(with_jobs, tmp_path):
    with_jobs.core.control("POST", "reset")
    printed = words(with_jobs).splitlines()
    lines = [line for line in printed if line.startswith(("alias actions", "ACTIONS_CLIENT_SECRET", "actions "))]

    ran = subprocess.run(
        ["bash", "-c", "shopt -s expand_aliases\n" + "\n".join(lines)],
        cwd=tmp_path,
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert len(lines) == 6
    assert ran.returncode == 0, ran.stderr
    assert "3 of 4 updates are applied, 1 failed." in ran.stderr
    assert "All 2,500 updates are applied." in ran.stderr
    assert "2,500 of 2,500 rows done" in ran.stdout


def test_without_job_workers_it_prints_no_line_about_jobs(stack):
    lines = [line for line in words(stack).splitlines() if line.startswith("actions ")]

    assert len(lines) == 1
