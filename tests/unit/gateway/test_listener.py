"""A socket on which a worker accepts: what connects while it closes reaches another worker, and is not reset."""

from __future__ import annotations

import contextlib
import socket
import sys

import gevent.socket
import pytest
from gevent.pool import Pool

from gateway.listener import Listener

CLIENTS = 20


def listening(port: int = 0) -> gevent.socket.socket:
    listener = gevent.socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(2 * CLIENTS)
    return listener


class Crowd:
    """Clients that connect all at once, and do not wait."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._clients: list[socket.socket] = []

    def connects(self) -> None:
        if not self._clients:
            self._clients = [socket.socket() for _ in range(CLIENTS)]
        for client in self._clients:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self._port))

    def close(self) -> None:
        for client in self._clients:
            client.close()


@pytest.fixture
def other():
    with listening() as listener:
        listener.settimeout(10.0)
        yield listener


@pytest.fixture
def crowd(other):
    crowd = Crowd(other.getsockname()[1])
    yield crowd
    crowd.close()


def ending(listener: gevent.socket.socket, crowd: Crowd, *, is_shared: bool) -> list[object]:
    """End it while a crowd connects between its last look into the queue and its closing; who was taken in."""

    class Interrupted(Listener):
        def do_read(self):
            if (accepted := super().do_read()) is None:
                crowd.connects()
            return accepted

    taken_in: list[object] = []
    server = Interrupted(listener, handle=lambda *accepted: taken_in.append(accepted), spawn=Pool(CLIENTS))
    server.start()
    server.end(is_shared=is_shared)
    server.pool.join(10)
    return taken_in


def accepted(listener: gevent.socket.socket) -> int:
    with contextlib.ExitStack() as stack:
        return len([stack.enter_context(listener.accept()[0]) for _ in range(CLIENTS)])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a socket go deaf")
def test_what_connects_in_the_moment_of_closing_goes_to_another_worker(other, crowd):
    assert ending(listening(other.getsockname()[1]), crowd, is_shared=False) == []
    assert accepted(other) == CLIENTS


def test_of_a_shared_socket_the_queue_goes_to_the_next_worker(other, crowd):
    assert ending(other.dup(), crowd, is_shared=True) == []
    assert accepted(other) == CLIENTS


@pytest.mark.parametrize("is_shared", [True, False])
def test_what_has_connected_before_is_taken_in(other, crowd, is_shared):
    listener = other.dup()
    other.close()
    crowd.connects()

    assert len(ending(listener, crowd, is_shared=is_shared)) == CLIENTS
