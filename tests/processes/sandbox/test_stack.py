"""Servers as subprocesses: they start, come back at the same URL, and never outlive their parent."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from sandbox.background import ROOT, StackError
from sandbox.part import Part
from sandbox.stack import Stack
from sandbox.web import call

ORPHAN = """
import os, signal, sys
from pathlib import Path
from sandbox.part import Part
part = Part("core", {command}, Path(sys.argv[1]), "/healthz", environment=os.environ)
part.start()
print(part.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def core_command(port):
    return [sys.executable, "-m", "sandbox", "core", "--port", str(port)]


def stubborn_command(port):
    """A server that does not mind SIGTERM, with a child that does not either."""
    program = (
        "import os, signal, sys, http.server; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork();"
        "http.server.HTTPServer.allow_reuse_port = True;"
        f"http.server.test(http.server.SimpleHTTPRequestHandler, port={port}, bind='127.0.0.1')"
    )
    return [sys.executable, "-c", program]


@pytest.fixture
def part(tmp_path, monkeypatch):
    """``part(command)``: a part, not started; killed in the end."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    parts = []

    def make(command, ready="/healthz", **seconds):
        parts.append(Part("server", command, tmp_path, ready, environment=os.environ, **seconds))
        return parts[-1]

    yield make
    for made in parts:
        made.kill()


def is_gone(pid, seconds=10.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_a_part_that_was_started_answers(part):
    core = part(core_command)

    core.start()

    assert call("GET", f"{core.url}/healthz").json() == {"status": "ok"}
    assert core.control("GET", "calls")["total"] == 0


def test_a_stopped_part_says_its_exit_code_and_answers_no_more(part):
    core = part(core_command)
    core.start()

    assert core.stop() == 0

    assert not core.is_running()
    with pytest.raises(OSError, match="refused"):
        call("GET", f"{core.url}/healthz")


@pytest.mark.parametrize("end", [Part.stop, Part.kill])
def test_a_part_comes_back_at_the_same_url(part, end):
    core = part(core_command)
    core.start()
    url = core.url

    end(core)
    core.start()

    assert core.url == url
    assert call("GET", f"{url}/healthz").status == 200


def test_a_part_that_will_not_end_is_made_to_with_its_children(part):
    server = part(stubborn_command, "/")
    server.start()
    family = [server.pid, *(child.pid for child in psutil.Process(server.pid).children())]

    assert server.stop(seconds=0.2) is None

    assert len(family) == 2
    assert all(is_gone(pid) for pid in family)


def test_a_part_that_ends_while_starting_says_why(part):
    broken = part(lambda port: [sys.executable, "-c", "raise SystemExit('no disk')"])

    with pytest.raises(StackError, match="server ended while starting:\nno disk"):
        broken.start()


def test_a_control_that_is_refused_says_why(part):
    core = part(core_command)
    core.start()

    with pytest.raises(StackError, match="unknown fault earthquake"):
        core.control("PUT", "weather", {"faults": ["earthquake"]})


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise is Linux's")
def test_a_part_dies_with_its_parent_even_if_that_is_killed(tmp_path):
    command = 'lambda port: [sys.executable, "-m", "sandbox", "core", "--port", str(port)]'
    parent = subprocess.run(
        [sys.executable, "-c", ORPHAN.format(command=command), str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        timeout=60,
    )

    assert parent.returncode == -signal.SIGKILL
    assert is_gone(int(parent.stdout))


def test_a_stack_that_cannot_start_leaves_nothing_running():
    stack = Stack({"BATCH_DEADLINE": "soon"})

    with pytest.raises(StackError, match="GATEWAY_BATCH_DEADLINE: must be a number"), stack:
        pass

    assert not any(part.is_running() for part in (stack.core, stack.identity, stack.gateway))
    assert not stack.folder.exists()


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["core", "identity", "gateway", "job-worker-1"]),
        ({"CORE_URL": "http://core.test"}, ["identity", "gateway", "job-worker-1"]),
        ({"KEYCLOAK_URL": "http://keycloak.test"}, ["core", "gateway", "job-worker-1"]),
    ],
)
def test_a_server_of_ones_own_is_no_part_of_the_stack(settings, names):
    assert [part.name for part in Stack(settings, job_workers=1).parts] == names


def test_a_killed_core_leaves_its_data_in_the_stacks_folder_only(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    stack = Stack(folder=tmp_path / "stack")
    stack.folder.mkdir()

    stack.core.start()
    stack.core.kill()

    assert (stack.folder / "core" / "core.sqlite3").exists()
    assert list(tmp_path.iterdir()) == [stack.folder]


def test_the_gateway_sees_no_settings_but_the_stacks(monkeypatch, tmp_path):
    monkeypatch.setenv("GATEWAY_RATE_LIMIT", "1/hour")

    environment = Stack({"BATCH_DEADLINE": "2"}, folder=tmp_path).environment()

    assert "GATEWAY_RATE_LIMIT" not in environment
    assert environment["GATEWAY_BATCH_DEADLINE"] == "2"


def test_a_stack_that_is_made_and_never_entered_leaves_no_folder():
    stack = Stack()
    folder = stack.folder
    assert folder.is_dir()

    del stack
    gc.collect()

    assert not folder.exists()


def test_what_does_not_get_ready_is_started_once_and_says_what_it_waits_for(part, capsys):
    starts = []

    def counted(port):
        starts.append(port)
        return core_command(port)

    server = part(counted, "/nowhere", start_seconds=2.0, starts_seconds=0.0, tell_seconds=0.5)

    with pytest.raises(StackError, match=r"not ready after 2 s; /nowhere said: .*404"):
        server.start()

    assert len(starts) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"starting server at http://127.0.0.1:{starts[0]}"
    assert second.startswith(f"waiting for server at http://127.0.0.1:{starts[0]}/nowhere, which says: ")


def test_a_proxy_of_the_surroundings_does_not_hold_the_parts_apart(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert not [name for name in Stack().environment() if name.lower().endswith("_proxy")]
