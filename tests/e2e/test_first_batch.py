"""What "Your first batch" has a partner run, run: the commands that get a token, and the program on good and bad days."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from sandbox.identity.realm import CLIENTS, REALM
from sandbox.web import call
from tests.docs import ROOT, blocks
from tests.e2e.stack import BULK

pytestmark = pytest.mark.e2e
[PROGRAM] = [block.text for block in blocks("python") if block.page == "partners/first-batch.md"]
[GET_TOKEN] = [block.text for block in blocks("sh") if block.title == "token"]
# Its pauses are of no interest here.
IMPATIENT = "import time\ntime.sleep = lambda seconds: None\n"
RESET = "90600"


class Between(ThreadingHTTPServer):
    """A proxy in front of ``url``: each request takes the next of ``moods``, and once they are used up, passes."""

    def __init__(self, url, *moods):
        self.url, self.moods, self.seen, self.keys = url, list(moods), 0, []
        super().__init__(("127.0.0.1", 0), _Request)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Request(BaseHTTPRequestHandler):
    def do_PATCH(self):
        self.server.seen += 1
        self.server.keys.append(self.headers["Idempotency-Key"])
        mood = self.server.moods.pop(0) if self.server.moods else "pass"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if mood == "html":
            self._answer(502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>")
            return
        passed = {name: self.headers[name] for name in ("Authorization", "Content-Type", "Idempotency-Key")}
        reply = requests.patch(self.server.url + self.path, data=body, headers=passed, timeout=60)
        if mood == "lost":
            self.close_connection = True
        else:
            self._answer(reply.status_code, reply.headers, reply.content)

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name in {"Content-Type", "Retry-After"} & headers.keys():
            self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def between(stack):
    """``between("html", "lost")``: a proxy in front of the gateway, up until the test ends."""
    with ExitStack() as running:

        def start(*moods):
            proxy = running.enter_context(Between(stack.gateway.url, *moods))
            thread = threading.Thread(target=proxy.serve_forever)
            thread.start()
            running.callback(thread.join)
            running.callback(proxy.shutdown)
            return proxy

        yield start


@pytest.fixture
def run(stack, tmp_path):
    """The program with the ids of its two items replaced, against ``gateway`` or the stack's own."""

    def start(gateway=None, items=("19353", "91503"), on=stack):
        program = PROGRAM.replace("19353", items[0]).replace("91503", items[1])
        environ = {
            **os.environ,
            "GATEWAY": gateway or on.gateway.url,
            "TOKEN": on.token(),
            "ACTIONS_STATE_DIR": str(tmp_path),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-c", IMPATIENT + program]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=100, check=False)

    start.folder = tmp_path
    return start


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_token_that_the_page_gets_is_one_that_the_gateway_takes(stack):
    shell = {
        "KEYCLOAK": stack.identity.url,
        "REALM": REALM,
        "CLIENT_ID": "partner",
        "CLIENT_SECRET": CLIENTS["partner"].secret,
    }
    got = subprocess.run(
        ["bash", "-c", GET_TOKEN + "printenv TOKEN"],
        env=os.environ | shell,
        capture_output=True,
        text=True,
        timeout=100,
    )

    headers = {"Authorization": f"Bearer {got.stdout.strip()}"}
    batch = {"data": [{"actionId": "19353", "status": "active"}]}
    assert call("PATCH", stack.gateway.url + BULK, json_body=batch, headers=headers).status == 200, got.stderr


def test_the_answer_that_the_page_shows_is_the_real_one(partner):
    [shown] = [
        block.text for block in blocks("json") if block.page == "partners/first-batch.md" and block.title == "200"
    ]

    reply = partner.patch({"actionId": "19353", "status": "active", "due_date": "2024-01-10 06:51:15"})

    assert reply.json() == json.loads(shown)


def test_the_program_settles_every_item_and_leaves_nothing_behind(run, core):
    ran = run()

    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    assert core.counts()["applied"] == 2
    assert [path for path in run.folder.rglob("*") if path.is_file()] == []


def test_where_nobody_listens_it_gives_up_and_says_that_nothing_was_sent(run):
    with Between("") as nobody:
        address = nobody.address

    ran = run(gateway=address)

    assert ran.returncode == 1
    assert "NoAnswer: no connection to 127.0.0.1:" in ran.stderr
    assert ran.stderr.endswith("nothing was sent\n")


def test_a_proxys_page_and_an_answer_that_is_lost_are_asked_for_again(run, core, between):
    ran = run(gateway=between("html", "lost", "html").address)

    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    assert core.counts()["applied"] == 2


def test_a_second_run_goes_on_where_the_first_stopped(run, core, between):
    proxy = between(*["lost"] * 6)
    first = run(gateway=proxy.address)
    keys = list(proxy.keys)
    second = run(gateway=proxy.address)

    assert "no_answer unknown" in first.stdout
    assert (second.returncode, second.stdout) == (0, ""), second.stderr
    assert core.counts()["applied"] == 2
    assert set(proxy.keys) == set(keys)
    assert len(set(keys)) == 1


def test_what_is_refused_is_asked_once_and_told(run, between):
    proxy = between()

    ran = run(gateway=proxy.address, items=("90404", "90422"))

    assert proxy.seen == 1
    assert [line.split()[1:4] for line in ran.stdout.splitlines()] == [
        ["90404", "not_found", "not_applied"],
        ["90422", "rejected", "not_applied"],
    ]


def test_a_batch_that_is_not_valid_is_told_with_its_field_and_not_sent(run, core):
    ran = run(items=("19353", "nonsense"))

    assert ran.returncode == 1
    assert "InvalidInput: 1 row is invalid, and nothing was sent: item 2, actionId: Must be" in ran.stderr
    assert core.counts()["total"] == 0


def test_with_a_core_that_does_not_look_at_keys_it_ends_with_what_is_unknown(make_stack, run):
    stack = make_stack({"CORE_HONOURS_IDEMPOTENCY": "false"}, core=["--no-idempotency"])

    ran = run(on=stack, items=("19353", RESET))

    assert ran.returncode == 0
    assert f"1 {RESET} core_broke_off unknown " in ran.stdout


def test_a_batch_that_is_larger_than_the_whole_quota_is_cut(make_stack, run):
    ran = run(on=make_stack({"RATE_LIMIT": "1/second"}))

    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
