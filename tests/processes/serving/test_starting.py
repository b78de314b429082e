"""A signal that comes while workers start is neither lost nor left for later."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys

import pytest

from gateway.ending import held_back
from gateway.serving.starting import before_fork

ENDING = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT]
# A worker that has been forked from a server in which the signals given wait, and that gets one more of them.
WORKER = """
import os, queue, signal, socket, sys
from gunicorn.config import Config
from gateway.serving.starting import after_fork
from gateway.serving.worker import GatewayWorker
class Server:
    SIG_QUEUE = queue.SimpleQueue()
for number in {waiting}:
    Server.SIG_QUEUE.put(number)
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname()) if {has_client} else None
worker = GatewayWorker(1, 1, [listener], None, 1, Config(), None)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
after_fork(Server, worker)
if {then}:
    os.kill(os.getpid(), {then})
sys.exit("goes on" if worker.alive else "ends when it can")
"""


class Server:
    """An arbiter, as far as signals go: notes how it was told to end."""

    def __init__(self, *waiting: int) -> None:
        self.SIG_QUEUE = queue.SimpleQueue()
        self.ended_by = ""
        for number in waiting:
            self.SIG_QUEUE.put(number)

    def waiting(self) -> list[int]:
        return [self.SIG_QUEUE.get() for _ in range(self.SIG_QUEUE.qsize())]

    def handle_term(self) -> None:
        self._end("term")

    def handle_quit(self) -> None:
        self._end("quit")

    def _end(self, by: str) -> None:
        self.ended_by = by
        raise StopIteration


def worker(waiting: list[int], then: int, has_client: bool = False) -> subprocess.CompletedProcess[str]:
    script = WORKER.format(waiting=[int(number) for number in waiting], then=int(then), has_client=has_client)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize(
    ("number", "by"), [(signal.SIGTERM, "term"), (signal.SIGINT, "quit"), (signal.SIGQUIT, "quit")]
)
def test_no_further_worker_begins_once_the_server_was_told_to_end(number, by):
    server = Server(signal.SIGCHLD, number, signal.SIGHUP)

    with pytest.raises(StopIteration):
        before_fork(server)
    assert server.ended_by == by


def test_any_other_signal_goes_on_waiting_in_its_order():
    server = Server(signal.SIGCHLD, signal.SIGHUP, signal.SIGTTIN)

    before_fork(server)

    assert (server.ended_by, server.waiting()) == ("", [signal.SIGCHLD, signal.SIGHUP, signal.SIGTTIN])


# A worker that ends at once says nothing.
ENDS = [
    (signal.SIGTERM, False, ""),
    (signal.SIGTERM, True, "ends when it can\n"),
    (signal.SIGINT, True, ""),
    (signal.SIGQUIT, True, ""),
]


@pytest.mark.parametrize(("number", "has_client", "said"), ENDS)
def test_what_came_before_a_worker_could_hear_it_is_heard(number, has_client, said):
    assert worker([signal.SIGCHLD, number], then=0, has_client=has_client).stderr == said


@pytest.mark.parametrize(("number", "has_client", "said"), ENDS)
def test_what_comes_while_a_worker_makes_the_application_is_heard(number, has_client, said):
    assert worker([signal.SIGCHLD], then=number, has_client=has_client).stderr == said


def test_a_worker_that_was_told_nothing_goes_on():
    assert worker([signal.SIGCHLD, signal.SIGHUP], then=0).stderr == "goes on\n"


def test_a_signal_to_end_waits_for_a_change_of_handlers():
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    try:
        with held_back():
            signal.raise_signal(signal.SIGTERM)
            assert heard == []
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
