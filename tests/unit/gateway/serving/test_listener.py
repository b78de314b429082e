"""A socket on which a worker accepts: what connects while it closes reaches another worker, and is not reset."""

from __future__ import annotations

import contextlib
import socket
import sys

import gevent.socket
import pytest
from gevent.lock import Semaphore
from gevent.pool import Pool
from gevent.server import StreamServer

from gateway.serving.listener import Listener, nobody_waits_at

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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a socket go deaf")
def test_who_is_in_the_middle_of_connecting_is_taken_in(crowd):
    listener = listening()
    # So the kernel waits for the first data with the end of a handshake, which takes a moment at most otherwise.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
    with socket.create_connection(listener.getsockname()) as client:
        gevent.spawn(client.sendall, b"x")
        assert len(ending(listener, crowd, is_shared=False)) == 1


class FewPlaces:
    """A listener with two slots that a crowd waits for; each of the crowd stays until the next is due."""

    def __init__(self, listener: gevent.socket.socket) -> None:
        self.taken_in = 0
        self._leave = Semaphore(0)
        self.server = Listener(listener, handle=self._stay, spawn=Pool(2))

    def goes_on_until_all_have_left(self) -> None:
        for _ in range(CLIENTS):
            self._leave.release()
            gevent.sleep(0)
            self.server.take_in()
        self.server.pool.join(10)

    @property
    def is_over(self) -> bool:
        return self.server.closed and not self.server.waiting

    def _stay(self, _client: object, _address: object) -> None:
        self.taken_in += 1
        self._leave.acquire(timeout=10)


@pytest.mark.parametrize("is_shared", [True, False])
def test_who_finds_no_place_waits_for_one(other, crowd, is_shared):
    listener = other.dup()
    other.close()
    crowd.connects()
    few = FewPlaces(listener)
    few.server.start()

    few.server.end(is_shared=is_shared)
    gevent.sleep(0)
    assert (few.taken_in, few.is_over) == (2, False)

    few.goes_on_until_all_have_left()
    assert (few.taken_in, few.is_over) == (CLIENTS, True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a socket go deaf")
def test_a_socket_of_its_own_is_closed_although_some_wait_for_a_place(other, crowd):
    listener = listening(other.getsockname()[1])
    crowd.connects()
    few = FewPlaces(listener)
    few.server.start()

    few.server.end(is_shared=False)

    assert few.server.closed
    few.goes_on_until_all_have_left()


def test_a_listener_that_pauses_as_it_ends_loses_nobody(other, crowd, monkeypatch):
    listener = other.dup()
    other.close()
    crowd.connects()
    few = FewPlaces(listener)
    few.server.start()
    with monkeypatch.context() as out_of_descriptors:
        out_of_descriptors.setattr(StreamServer, "do_read", _fail)
        few.server.end(is_shared=True)
        assert not few.is_over

    while few.server._is_pausing:
        gevent.sleep(0.01)
    few.server.take_in()
    few.goes_on_until_all_have_left()
    assert few.taken_in == CLIENTS


@pytest.mark.parametrize("are_shared", [True, False])
def test_who_has_connected_before_anybody_accepts_is_seen(other, are_shared):
    assert nobody_waits_at([other], are_shared=True)

    with socket.create_connection(other.getsockname()):
        assert not nobody_waits_at([other], are_shared=are_shared)


def test_after_the_look_nobody_connects_to_a_socket_that_is_not_shared(other):
    assert nobody_waits_at([other], are_shared=False)

    with socket.socket() as client:
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.connect(other.getsockname())


def _fail(_server: StreamServer) -> None:
    raise OSError(24, "Too many open files")
