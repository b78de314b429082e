"""``make demo`` and ``make serve``, as a newcomer runs them."""

from __future__ import annotations

import itertools
import re
import signal
import subprocess
import sys

import psutil
import pytest

from sandbox.part import ROOT
from sandbox.steps import STEPS
from sandbox.web import call

pytestmark = pytest.mark.e2e


def command(name):
    return [sys.executable, "-m", "sandbox", name]


def test_the_demo_shows_each_answer_and_ends_well():
    demo = subprocess.run(command("demo"), cwd=ROOT, capture_output=True, text=True, timeout=90)

    assert demo.returncode == 0, demo.stderr
    assert [int(line[:3]) for line in demo.stdout.splitlines() if re.match(r"\d{3} [A-Z]", line)] == [
        step.status for step in STEPS
    ]
    assert "\x1b" not in demo.stdout
    assert f"All {len(STEPS)} answers are as the contract says" in demo.stdout


@pytest.fixture
def serving(tmp_path, monkeypatch):
    """``serve`` at work: the process and what it printed."""
    # A killed stack cannot tidy up; what it leaves goes with the test.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = subprocess.Popen(command("serve"), cwd=ROOT, stdout=subprocess.PIPE, text=True, bufsize=1)
    # The start is bounded by the stack itself, which ends the output where it fails.
    lines = itertools.takewhile(lambda line: "Ctrl-C" not in line, process.stdout)
    printed = "".join(lines)
    yield process, printed
    process.kill()
    process.communicate(timeout=10)


def test_serve_prints_what_works_and_ctrl_c_stops_everything(serving):
    process, printed = serving
    shell = dict(re.findall(r"export (\w+)=(\S+)", printed))
    family = psutil.Process(process.pid).children(recursive=True)

    reply = call(
        "PATCH",
        f"{shell['GATEWAY']}/openapi/api/v1/actions",
        json_body={"data": [{"actionId": "19353", "status": "active"}]},
        headers={"Authorization": f"Bearer {shell['TOKEN']}"},
    )
    process.send_signal(signal.SIGINT)

    assert reply.status == 200
    assert process.wait(20) == 0
    assert len(family) >= 4
    assert psutil.wait_procs(family, timeout=20)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise is Linux's")
def test_nothing_survives_a_killed_serve(serving):
    process, _ = serving
    family = psutil.Process(process.pid).children(recursive=True)

    process.kill()

    assert psutil.wait_procs(family, timeout=20)[1] == []
