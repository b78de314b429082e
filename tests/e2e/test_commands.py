"""``make setup``, ``make demo``, ``make serve`` and ``make keycloak``, as a newcomer runs and ends them."""

from __future__ import annotations

import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from sandbox.__main__ import main
from sandbox.background import ROOT
from sandbox.core.dialects import DIALECTS
from sandbox.steps import STEPS
from sandbox.web import call

pytestmark = pytest.mark.e2e


def command(name):
    return [sys.executable, "-m", "sandbox", name]


def complaints(text):
    """What a command says on standard error, without what a busy machine makes it wait for."""
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith(("starting ", "waiting for "))
    )


def test_the_demo_shows_each_answer_and_ends_well():
    demo = subprocess.run(command("demo"), cwd=ROOT, capture_output=True, text=True, timeout=90)

    assert demo.returncode == 0, demo.stderr
    by_job = [201, 204, 400, 409, 204, 202, 200, 200]
    assert [int(line[:3]) for line in demo.stdout.splitlines() if re.match(r"\d{3} [A-Z]", line)] == [
        *(step.status for step in STEPS),
        *by_job,
    ]
    assert "\x1b" not in demo.stdout
    assert f"All {len(STEPS)} answers and the job are as the contract says" in demo.stdout


@pytest.mark.slow
@pytest.mark.parametrize("core", sorted(DIALECTS))
def test_the_demo_shows_the_same_with_another_core(core):
    demo = subprocess.run([*command("demo"), "--core", core], cwd=ROOT, capture_output=True, text=True, timeout=90)

    assert demo.returncode == 0, demo.stderr
    assert f"All {len(STEPS)} answers and the job are as the contract says" in demo.stdout


def test_the_demo_needs_no_terminal_that_can_show_all_letters():
    plain = os.environ | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

    demo = subprocess.run(command("demo"), cwd=ROOT, env=plain, capture_output=True, timeout=90)

    assert (demo.returncode, complaints(demo.stderr.decode("ascii"))) == (0, "")
    assert demo.stdout.isascii()


@pytest.fixture
def demo(tmp_path):
    """``demo`` at its first answer."""
    process = subprocess.Popen(
        command("demo"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout.readline().startswith("200: ")
    yield process
    process.kill()
    process.communicate(timeout=10)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_a_demo_that_is_stopped_ends_with_one_line_and_leaves_nothing(demo, tmp_path, number):
    family = psutil.Process(demo.pid).children(recursive=True)
    assert len(list(tmp_path.iterdir())) == 1

    demo.send_signal(number)
    _, said = demo.communicate(timeout=20)

    assert (demo.returncode, complaints(said)) == (130, "\nstopped\n")
    assert psutil.wait_procs(family, timeout=20)[1] == []
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_nobody_reads_to_its_end_ends_without_a_word(demo, tmp_path):
    demo.stdout.close()

    assert complaints(demo.stderr.read()) == ""
    assert demo.wait(20) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def background():
    """Starts a command as a shell's ``&`` does: with SIGINT ignored."""
    started = []

    def start(*arguments, **environment):
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", *arguments],
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    bufsize=1,
                    env=os.environ | environment,
                )
            )
        finally:
            signal.signal(signal.SIGINT, before)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=10)


def test_keycloak_in_the_background_heeds_ctrl_c(background, tmp_path):
    maven = tmp_path / "mvn"
    maven.write_text(f"#!/bin/sh\necho > {tmp_path}/begun\nexec sleep 600\n")
    maven.chmod(0o755)
    places = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path / "cache")}

    keycloak = background("deploy.keycloak", TMPDIR=str(tmp_path), **places)
    wait_for(lambda: (tmp_path / "begun").exists())
    keycloak.send_signal(signal.SIGINT)
    said, complained = keycloak.communicate(timeout=20)

    assert (keycloak.returncode, complained) == (0, "")
    assert said.endswith("\nstopped\n")


def test_a_set_up_that_is_stopped_ends_with_one_line_and_leaves_no_half(background, tmp_path):
    folder = tmp_path / "venv"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    set_up = background("deploy.set_up", str(folder), "/dev/null", TMPDIR=str(temporary))

    wait_for(folder.exists)
    set_up.send_signal(signal.SIGINT)
    said, complained = set_up.communicate(timeout=20)

    assert (set_up.returncode, complained) == (130, "\nstopped\n")
    assert said == f"Installing into {folder}; this takes a minute the first time.\n"
    assert not folder.exists()
    assert list(temporary.iterdir()) == []


def wait_for(holds, seconds=60):
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.01)


@pytest.fixture
def serving(request, tmp_path, monkeypatch):
    """``serve`` at work, with the test's options: the process and what it printed."""
    # A killed stack cannot tidy up; what it leaves goes with the test.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    options = getattr(request, "param", [])
    process = subprocess.Popen([*command("serve"), *options], cwd=ROOT, stdout=subprocess.PIPE, text=True, bufsize=1)
    # The start is bounded by the stack itself, which ends the output where it fails.
    lines = itertools.takewhile(lambda line: "Ctrl-C" not in line, process.stdout)
    printed = "".join(lines)
    yield process, printed
    process.kill()
    process.communicate(timeout=10)


@pytest.mark.parametrize(
    "serving", [["--set", "RATE_LIMIT=7/hour", "--set", "GATEWAY_LANGUAGES=de"]], indirect=True, ids=["settings"]
)
def test_serve_takes_settings_of_the_gateway(serving):
    shell = dict(re.findall(r"export (\w+)=(\S+)", serving[1]))

    def patch(item, query=""):
        headers = {"authorization": f"Bearer {shell['TOKEN']}"}
        return call(
            "PATCH", f"{shell['GATEWAY']}/openapi/api/v1/actions{query}", json_body={"data": [item]}, headers=headers
        )

    assert patch({"actionId": "19001", "title": {"de": "Urlaub"}}, "?dry_run=true").status == 200
    assert patch({"actionId": "19001", "status": "done"}).headers["ratelimit-policy"] == '"items";q=7;w=3600'


def test_serve_keeps_to_its_port_and_says_where_it_cannot():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        ran = subprocess.run(
            [*command("serve"), "--port", str(port)], cwd=ROOT, capture_output=True, text=True, timeout=90
        )

    assert ran.returncode == 1
    assert complaints(ran.stderr).startswith("serve: gateway ended while starting:")
    assert f"127.0.0.1:{port}" in ran.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("RATELIMIT=1", "GATEWAY_RATELIMIT is no setting; GATEWAY_RATE_LIMIT is"),
        ("GATEWAY_COLOUR=red", "GATEWAY_COLOUR is no setting"),
        ("RATE_LIMIT", "must be NAME=VALUE; it is 'RATE_LIMIT'"),
        ("=1", "must be NAME=VALUE; it is '=1'"),
    ],
)
def test_serve_refuses_what_is_no_setting(text, told, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--set", text])

    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"argument --set: {told}\n")


def test_make_gives_serve_what_its_own_command_line_sets_and_nothing_of_the_shell():
    # A make above this one would have its flags taken over, and its folder printed last.
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    surroundings = bare | {"GATEWAY_LANGUAGES": "de", "PORT": "1"}
    given = ["PORT=8080", "GATEWAY_RATE_LIMIT=10/minute", "LOG_LEVEL=debug", "PYTHON=python3"]

    told = [
        subprocess.run(["make", "-n", "serve", *words], cwd=ROOT, env=surroundings, capture_output=True, text=True)
        for words in ([], given)
    ]

    last = [ran.stdout.splitlines()[-1].partition(" -m ")[2].split() for ran in told]
    assert last[0] == ["sandbox", "serve"]
    assert last[1][:4] == ["sandbox", "serve", "--port", '"$PORT"']
    assert last[1][4:] == ["--set", '"GATEWAY_RATE_LIMIT=$GATEWAY_RATE_LIMIT"', "--set", '"LOG_LEVEL=$LOG_LEVEL"']


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
    job = call("POST", f"{shell['GATEWAY']}/openapi/api/v1/jobs", headers={"Authorization": f"Bearer {shell['TOKEN']}"})
    process.send_signal(signal.SIGINT)

    assert (reply.status, job.status) == (200, 201)
    assert process.wait(20) == 0
    assert len(family) >= 4
    assert psutil.wait_procs(family, timeout=20)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise is Linux's")
def test_nothing_survives_a_killed_serve(serving):
    process, _ = serving
    family = psutil.Process(process.pid).children(recursive=True)

    process.kill()

    assert psutil.wait_procs(family, timeout=20)[1] == []
