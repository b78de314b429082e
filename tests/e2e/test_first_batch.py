"""What "Your first batch" has a partner run, run: the commands that get a token, and the program on good and bad days."""

from __future__ import annotations

import json
import os
import re
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
from tests.docs import blocks
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
        self.url, self.moods, self.seen = url, list(moods), 0
        super().__init__(("127.0.0.1", 0), _Request)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Request(BaseHTTPRequestHandler):
    def do_PATCH(self):
        self.server.seen += 1
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


def run(stack, *arguments, gateway=None, items=("19353", "91503")):
    """The program with the ids of its two items replaced, against ``gateway`` or the stack's own."""
    program = PROGRAM.replace("19353", items[0]).replace("91503", items[1])
    environ = os.environ | {"GATEWAY": gateway or stack.gateway.url, "TOKEN": stack.token()}
    command = [sys.executable, "-c", IMPATIENT + program, *arguments]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=100, check=False)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran


def key_of(ran):
    return re.match(r"key (\S+)\n", ran.stdout)[1]


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


def test_the_program_settles_every_item(stack, core):
    ran = run(stack)

    assert (ran.returncode, ran.stdout) == (0, f"key {key_of(ran)}\n"), ran.stderr
    assert core.counts()["applied"] == 2


def test_where_nobody_listens_it_gives_up_and_says_how_to_go_on(stack):
    with Between("") as nobody:
        address = nobody.address

    ran = run(stack, gateway=address)

    assert ran.returncode == 1
    assert f"python batch.py {key_of(ran)}\n" in ran.stdout


def test_a_proxys_page_and_an_answer_that_is_lost_are_asked_for_again(stack, core, between):
    ran = run(stack, gateway=between("html", "lost", "html").address)

    assert ran.returncode == 0, ran.stderr
    assert core.counts()["applied"] == 2


def test_a_run_with_the_key_of_an_earlier_one_goes_on_there(stack, core, between):
    first = run(stack, gateway=between(*["lost"] * 6).address)
    second = run(stack, key_of(first))

    assert (first.returncode, second.returncode) == (1, 0), second.stderr
    assert core.counts()["applied"] == 2


def test_what_is_refused_is_asked_once_and_told(stack, between):
    proxy = between()

    ran = run(stack, gateway=proxy.address, items=("90404", "90422"))

    assert ran.returncode == 1
    assert proxy.seen == 1
    assert [line.split()[1:3] for line in ran.stdout.splitlines()[1:]] == [
        ["90404", "not_found"],
        ["90422", "rejected"],
    ]


def test_a_batch_that_is_not_valid_is_told_with_its_fields(stack):
    ran = run(stack, items=("19353", "nonsense"))

    assert ran.returncode == 1
    assert "1 None invalid_id actionId " in ran.stdout


def test_with_a_core_that_does_not_look_at_keys_it_ends_with_what_is_unknown(make_stack):
    stack = make_stack({"CORE_HONOURS_IDEMPOTENCY": "false"}, core=["--no-idempotency"])

    ran = run(stack, items=("19353", RESET))

    assert ran.returncode == 1
    assert f"1 {RESET} core_broke_off unknown " in ran.stdout
    assert ran.stdout.endswith(f"ask the operator: {RESET}\n")


def test_a_batch_that_is_larger_than_the_whole_quota_is_not_repeated(make_stack):
    ran = run(make_stack({"RATE_LIMIT": "1/minute"}))

    assert ran.returncode == 1
    assert "waiting does not help" in ran.stderr
    assert "not settled" not in ran.stdout
