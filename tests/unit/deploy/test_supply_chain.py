"""What is installed is what was locked, byte for byte; the bill of materials lists it; an audit says what it did not see."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.audit import LOCK, verdict
from deploy.set_up import INSTALL

ROOT = Path(__file__).parents[3]
LOCKS = sorted(LOCK.glob("*.txt"))
PINNED = re.compile(r"([a-z0-9][a-z0-9-]*)==(\S+)( ; .+)?(?: --hash=sha256:[0-9a-f]{64})+")


def requirements(lock):
    """One line per requirement, continuation lines joined."""
    text = lock.read_text().replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def names(lock):
    return {PINNED.fullmatch(line)[1] for line in requirements(lock)}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_pinned_to_hashes_and_comes_from_no_named_place(lock):
    loose = [line for line in requirements(lock) if not PINNED.fullmatch(line)]

    assert loose == []
    assert not re.search(r"https?://|git\+|--index|--find-links|--trusted-host|^-", lock.read_text(), re.MULTILINE)


def test_what_runs_is_part_of_what_is_tested():
    runs = [names(LOCK / f"{name}.txt") for name in ("runtime", "traces", "jobs", "dev")]

    assert runs == sorted(runs, key=len)
    assert all(less <= more for less, more in pairwise(runs))


def test_a_demo_installs_what_runs_and_the_partners_command_and_a_test_the_rest():
    runtime, demo, dev = (names(LOCK / f"{name}.txt") for name in ("runtime", "demo", "dev"))

    assert runtime < demo < dev
    assert {"click", "platformdirs", "rich"} <= demo
    assert not demo & {"mypy", "pytest", "ruff", "schemathesis", "mkdocs-material"}


def installs(place):
    """The commands of a file that install from a lock file; ``make setup`` leaves that to a program."""
    if place == "make setup":
        return [" ".join((*INSTALL, "deploy/lock/dev.txt"))]
    return [line for line in (ROOT / place).read_text().splitlines() if "pip install" in line and " -r " in line]


def test_the_makefile_installs_from_a_lock_file_by_that_program_alone():
    assert installs("Makefile") == []
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"-m deploy.set_up .venv $(LOCK)/{name}.txt" in makefile for name in ("demo", "dev"))


@pytest.mark.parametrize("place", ["make setup", "Dockerfile"])
def test_installing_from_a_lock_file_always_checks_its_hashes(place):
    lines = installs(place)

    assert lines
    assert all("--require-hashes" in line for line in lines)


@pytest.mark.parametrize("place", ["make setup", "Dockerfile"])
def test_a_release_made_after_the_lock_file_cannot_break_an_install(place):
    """pip before 25 looks for the newest release of what a requirement names with an extra, and refuses it as not locked."""
    lines = installs(place)

    assert all("--no-deps" in line for line in lines)


def audited(*packages):
    return json.dumps({"dependencies": list(packages), "fixes": []})


SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
WEAK = {"name": "old", "version": "0.1", "vulns": [{"id": "CVE-2020-1"}, {"id": "CVE-2020-2"}]}
UNKNOWN = {"name": "own", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("output", "complaint", "code", "said"),
    [
        (audited(SOUND), "", 0, "x.txt: 1 packages audited, 0 with known weaknesses"),
        (audited(SOUND, WEAK), "", 1, "x.txt: 2 packages audited, 1 with known weaknesses\n  old 0.1: CVE-2020-1, CVE-2020-2"),
        (audited(SOUND, UNKNOWN), "", 0, "x.txt: 1 packages audited, 0 with known weaknesses, 1 not known to the service"),
        (audited(UNKNOWN), "", 0, "x.txt: NOT AUDITED, the advisory service knows none of its 1 packages"),
        ("", "a\nConnectionError: refused\n", 0,
         "x.txt: NOT AUDITED, the advisory service could not be asked: ConnectionError: refused"),
        ("", "", 0, "x.txt: NOT AUDITED, the advisory service could not be asked: no output"),
    ],
)  # fmt: skip
def test_an_audit_never_says_none_found_of_what_nobody_looked_at(output, complaint, code, said):
    assert verdict("x.txt", output, complaint) == (code, said)
