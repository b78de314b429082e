"""``make demo`` on a fresh machine: what it installs is little, and enough."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.docs import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(300)]

LOCK = "deploy/lock/demo.txt"
MOST_MEGABYTES = 95


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "venv"
    made = run(sys.executable, "-m", "deploy.set_up", folder, LOCK, "--lean")
    if "No matching distribution" in made.stderr or "Connection" in made.stderr:
        pytest.skip(f"the packages cannot be fetched: {made.stderr.splitlines()[-1]}")
    assert made.returncode == 0, made.stderr
    return folder


def run(*command):
    return subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=250)


def test_it_installs_less_than_is_told(environment):
    blocks = sum(path.lstat().st_blocks for path in environment.rglob("*"))

    assert blocks * 512 < MOST_MEGABYTES * 1_000_000


def test_the_demo_runs_with_it(environment):
    ran = run(environment / "bin" / "python", "-m", "sandbox", "demo")

    assert ran.returncode == 0, ran.stderr
    assert "answers and the job are as the contract says" in ran.stdout


def test_a_set_up_for_tests_brings_back_what_installs(environment):
    assert not (environment / "bin" / "pip").exists()

    again = run(sys.executable, "-m", "deploy.set_up", environment, LOCK)

    assert again.returncode == 0, again.stderr
    assert run(environment / "bin" / "python", "-m", "pip", "--version").returncode == 0


def test_one_that_tests_are_run_in_keeps_what_installs(environment):
    run(sys.executable, "-m", "deploy.set_up", environment, LOCK)

    again = run(sys.executable, "-m", "deploy.set_up", environment, LOCK, "--lean")

    assert again.returncode == 0, again.stderr
    assert (environment / "bin" / "pip").exists()
