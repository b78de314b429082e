"""The compiled form, made as the image makes it. Its suites are those of the source (``make test-compiled``)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.compiled import MODULES
from tests.processes.commands import environment

# The C compiler takes a minute, and more on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[3]
STAGE = (ROOT / "Dockerfile").read_text(encoding="utf-8").partition(" AS compile\n")[2].partition("\nFROM ")[0]


def python(folder, *arguments, **env):
    """A command in ``folder``, as a shell there runs it."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env={"PATH": os.environ["PATH"], **env},
        capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """What the stage of the image copies, and nothing else."""
    folder = tmp_path_factory.mktemp("source")
    for line in re.findall(r"^COPY (.*) \S+$", STAGE, re.MULTILINE):
        for path in line.split():
            kept = folder / path
            kept.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / path).is_dir() else shutil.copy)(ROOT / path, kept)
    return folder


@pytest.fixture(scope="module")
def compiled(source, tmp_path_factory):
    """The folder that the stage makes."""
    folder = tmp_path_factory.mktemp("image") / "compiled"
    made = python(source, "-m", "deploy.compiled", str(folder))
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


def test_each_module_runs_compiled_and_the_source_stays_python(compiled, source):
    show = "from gateway.compiled import compiled, refusal; print(*compiled(), refusal())"

    assert python(compiled, "-c", show).stdout.split() == list(MODULES)
    assert python(source, "-c", show).stdout.split() == []


def test_what_is_loaded_are_the_libraries(compiled):
    show = f"import importlib; print(*[importlib.import_module(name).__file__ for name in {MODULES!r}], sep='\\n')"

    loaded = python(compiled, "-c", show)

    assert loaded.returncode == 0, loaded.stderr
    assert [Path(path).suffix for path in loaded.stdout.splitlines()] == [".so"] * len(MODULES)


def test_a_traceback_names_file_and_line_of_the_source(compiled):
    cause = "from legacy_client.transport.turns import Turns; Turns().offer(None, 0.0)"
    raising = "from legacy_client.deadline import Deadline; Deadline(1.0, lambda: 1 / 0)"

    wrong_type, raised = python(compiled, "-c", cause), python(compiled, "-c", raising)

    assert "TypeError" in wrong_type.stderr
    [line] = re.findall(r'File "legacy_client/deadline\.py", line (\d+), in __init__', raised.stderr)
    source = (compiled / "legacy_client" / "deadline.py").read_text(encoding="utf-8").splitlines()
    assert "clock()" in source[int(line) - 1]


def test_a_call_reaches_the_core_through_the_compiled_engine(compiled):
    script = """
from tests.doubles.fake_core import FakeCore, action
from tests.unit.legacy_client.transport.hub.rig import rig

with FakeCore() as core:
    core.default = (action(),)
    with rig(core.url) as hub:
        print(hub.call(7).status_code, [request.path for request in core.requests])
"""

    ran = python(compiled, "-c", script, PYTHONPATH=str(ROOT))

    assert ran.stdout == "200 ['/core/actions/7']\n", ran.stderr


def test_a_greenlet_is_switched_within_a_compiled_function(compiled):
    script = """
import gevent
from legacy_client.deadline import Deadline
from legacy_client.transport.flow import Flow
from legacy_client.transport.hub.batch import HubBatch

hub = gevent.get_hub()
flow, run_soon = Flow(deadline=Deadline(9.0), concurrency=1), hub.loop.run_callback
batch = HubBatch(range(3), flow, 9.0, now=0.0, run_soon=run_soon, clock=lambda: 0.0)
told = []

def consume():
    for chunk in batch.chunks():
        told.extend(chunk)

consumer = gevent.spawn(consume)
for index in range(3):
    gevent.sleep(0)
    told.append(f"{len(told)} read")
    batch.put(batch.take(), index * 10)
    batch.wake()
consumer.get(timeout=9)
print(told)
"""

    ran = python(compiled, "-c", script)

    assert ran.stdout.strip() == "['0 read', (0, 0), '2 read', (1, 10), '4 read', (2, 20)]", ran.stderr


def test_py_spy_shows_compiled_frames_between_those_of_python(compiled):
    script = """
import sys
from legacy_client.deadline import Deadline

def clock():
    if asked:
        print("waiting", flush=True)
        sys.stdin.read()
    asked.append(True)
    return 0.0

asked = []
Deadline(1.0, clock).remaining()
"""
    waiting = subprocess.Popen(
        [sys.executable, "-c", script], cwd=compiled, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert waiting.stdout.readline() == "waiting\n"
        spy = [Path(sys.executable).with_name("py-spy"), "dump", "--native", "--pid", str(waiting.pid)]
        shown = subprocess.run(spy, capture_output=True, text=True, timeout=60, check=False)
    finally:
        waiting.communicate()
    if "ermission" in shown.stderr:
        pytest.skip("py-spy may not look into another process here")

    assert re.search(r"^ +clock .*\n +CPyDef_deadline___Deadline___remaining .*", shown.stdout, re.MULTILINE), shown
    assert re.search(r"^ +<module> ", shown.stdout, re.MULTILINE)


def test_a_second_run_compiles_nothing_and_takes_what_else_was_changed(compiled, source):
    before = {path: path.read_bytes() for path in compiled.rglob("*.so")}
    (source / "gateway" / "new.py").touch()

    again = python(source, "-m", "deploy.compiled", str(compiled))

    assert (again.returncode, again.stdout) == (0, "")
    assert (compiled / "gateway" / "new.py").exists()
    assert before
    assert {path: path.read_bytes() for path in compiled.rglob("*.so")} == before


def test_what_was_made_in_another_way_is_made_anew(compiled, source, tmp_path):
    copy, how = tmp_path / "compiled", source / "deploy" / "unlikely.h"
    shutil.copytree(compiled, copy, symlinks=True)
    text = how.read_text(encoding="utf-8")
    how.write_text("#error made anew\n", encoding="utf-8")
    try:
        again = python(source, "-m", "deploy.compiled", str(copy))
    finally:
        how.write_text(text, encoding="utf-8")

    assert "error made anew" in re.sub("[^a-z ]", "", again.stdout + again.stderr)


def test_neither_server_nor_job_worker_starts_over_another_source(compiled, tmp_path):
    changed = compiled / "legacy_client" / "deadline.py"
    text = changed.read_text(encoding="utf-8")
    changed.write_text(f"{text}\n", encoding="utf-8")
    try:
        server = python(
            compiled, "-m", "gunicorn", "-c", "python:gateway.server", "-b", "127.0.0.1:0", "wsgi:app",
            **environment(tmp_path),
        )  # fmt: skip
        worker = python(compiled, "-m", "gateway.jobs", **environment(tmp_path, CORE_AUTH="none"))
    finally:
        changed.write_text(text, encoding="utf-8")

    refused = "compiled from another source: legacy_client.deadline; compile again"
    assert server.returncode != 0
    assert f"gateway: {refused}" in server.stderr
    assert (worker.returncode, worker.stderr.startswith(f"gateway: jobs: {refused}")) == (1, True)
