"""What "Large batches" has a partner run, run: the program that reads a stream, on good and bad days."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.docs import blocks

pytestmark = pytest.mark.e2e
[PROGRAM, _] = [block.text for block in blocks("python") if block.page == "partners/large-batches.md"]
# Its pauses are of no interest here.
IMPATIENT = "import time\ntime.sleep = lambda seconds: None\n"


class Cutting:
    """A proxy in front of ``url`` that ends its first connection, politely, as soon as an item was told."""

    def __init__(self, url):
        self._where = urlsplit(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cut = 0
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(20)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._converse, client)

    def _start(self, task, *arguments):
        thread = threading.Thread(target=task, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _converse(self, client):
        with client, socket.create_connection((self._where.hostname, self._where.port)) as server:
            self._start(_pass_on, client, server)
            told = b""
            while data := server.recv(4096):
                told += data
                if not self.cut and b'"actionId"' in told:
                    self.cut += 1
                    end = told.index(b'"actionId"')
                    client.sendall(told[:end])
                    client.shutdown(socket.SHUT_RDWR)
                    server.shutdown(socket.SHUT_RDWR)
                    return
                if self.cut:
                    client.sendall(told)
                    told = b""


def _pass_on(source, sink):
    try:
        while data := source.recv(4096):
            sink.sendall(data)
    except OSError:
        return


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


def test_it_tells_each_item_and_settles_all(stack, core):
    ran = run(stack)

    assert ran.returncode == 0, ran.stderr
    assert {"updated 19353", "updated 91503"} <= set(ran.stdout.splitlines())
    assert core.counts()["applied"] == 2


@pytest.mark.slow
def test_a_stream_that_was_cut_is_completed_and_no_item_is_sent_twice(stack, core):
    with ExitStack() as running:
        proxy = running.enter_context(Cutting(stack.gateway.url))
        ran = run(stack, gateway=proxy.url, items=("19353", "19354"))

        assert (ran.returncode, proxy.cut) == (0, 1), ran.stdout + ran.stderr
    assert "no whole answer of the gateway" in ran.stdout
    assert core.counts()["applied"] == 2


def test_a_run_with_the_key_of_an_earlier_one_goes_on_there(stack, core):
    first = run(stack)
    second = run(stack, key_of(first))

    assert (first.returncode, second.returncode) == (0, 0)
    assert core.counts()["applied"] == 2


def test_what_is_refused_is_asked_once_and_told(stack, core):
    ran = run(stack, items=("90404", "90422"))

    assert ran.returncode == 1
    assert core.counts()["total"] == 2
    assert [line.split()[1:4] for line in ran.stdout.splitlines()[1:]] == [
        ["90404", "not_found", "not_applied"],
        ["90422", "rejected", "not_applied"],
    ]


def test_a_batch_that_is_not_valid_is_told(stack):
    ran = run(stack, items=("19353", "nonsense"))

    assert ran.returncode == 1
    assert "1 of 2 actions is invalid" in ran.stderr
