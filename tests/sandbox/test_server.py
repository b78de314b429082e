"""The server on the wire: keep-alive, one send, and every way an answer can fail to arrive."""

from __future__ import annotations

import socket
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from sandbox.server.messages import Answer, Request, json_answer

GET = b"GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\n"


class Wire:
    """A client that sees bytes."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self._data = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> bytes:
        """One answer with a Content-Length, head and body."""
        head = self._until(lambda data: data.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else -1)
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return head + self._until(lambda data: length if len(data) >= length else -1)

    def rest(self) -> bytes:
        """Everything until the end of the stream."""
        return b"".join(iter(lambda: self.socket.recv(65536), b""))

    def _until(self, end) -> bytes:
        while (length := end(self._data)) < 0:
            data = self.socket.recv(65536)
            assert data, "the stream ended"
            self._data += data
        taken, self._data = self._data[:length], self._data[length:]
        return taken


@pytest.fixture
def connect(serve):
    """``wire = connect(handler)``."""
    wires = []

    def connect(handler):
        wires.append(Wire(serve(lambda url: handler)))
        return wires[-1]

    yield connect
    for wire in wires:
        wire.socket.close()


def echo(request: Request) -> Answer:
    return json_answer({"method": request.method, "path": request.path, "body": request.body.decode()})


def test_a_connection_is_kept_and_serves_request_after_request(connect):
    wire = connect(echo)

    for _ in range(3):
        wire.send(GET)
        assert wire.answer().endswith(b'{"method":"GET","path":"/a","body":""}')


def test_head_and_body_leave_in_one_send(connect):
    wire = connect(echo)

    wire.send(GET)

    assert wire.socket.recv(65536).endswith(b"}")


def test_pipelined_requests_are_answered_in_order(connect):
    wire = connect(lambda request: Answer(body=request.target.encode(), delay=0.05 if request.target == "/1" else 0))

    wire.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in (1, 2, 3)))

    assert [wire.answer()[-2:] for _ in range(3)] == [b"/1", b"/2", b"/3"]


def test_a_body_in_pieces_and_chunks_is_put_together(connect):
    wire = connect(echo)

    wire.send(b"PATCH /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    wire.send(b"2\r\nde\r\n0\r\n\r\n")

    assert wire.answer().endswith(b'"body":"abcde"}')


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(connect):
    wire = connect(echo)

    wire.send(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    assert wire.socket.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(b"x")

    assert wire.answer().endswith(b'"body":"x"}')


def test_a_client_that_asks_for_it_is_let_go(connect):
    wire = connect(echo)

    wire.send(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert wire.rest().endswith(b"}")


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n"])
def test_what_cannot_be_read_is_a_400_and_the_end(connect, data):
    wire = connect(echo)

    wire.send(data)

    assert wire.answer().startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert wire.rest() == b""


def test_a_204_has_no_body_and_no_length(connect):
    wire = connect(lambda _: Answer(204, b"ignored", ending="close"))

    wire.send(GET)

    assert wire.rest() == b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def test_a_handler_that_fails_is_a_500_and_the_next_request_is_served(connect, caplog):
    wire = connect(lambda request: 1 / 0 if request.target == "/bad" else Answer())

    wire.send(GET.replace(b"/a?b=1", b"/bad"))
    assert wire.answer().startswith(b"HTTP/1.1 500 ")
    wire.send(GET)

    assert wire.answer().startswith(b"HTTP/1.1 200 ")
    assert "handler_failed" in caplog.text


def test_a_reset_is_a_reset(connect):
    wire = connect(lambda _: Answer(ending="reset"))

    wire.send(GET)

    with pytest.raises(ConnectionResetError):
        wire.socket.recv(1)


def test_a_vanished_answer_is_an_end_without_a_byte(connect):
    wire = connect(lambda _: Answer(ending="vanish"))

    wire.send(GET)

    assert wire.rest() == b""


def test_a_truncated_answer_promises_more_than_it_sends(connect):
    wire = connect(lambda _: Answer(body=b"x" * 10, ending="truncate"))

    wire.send(GET)
    data = wire.rest()

    assert b"Content-Length: 10" in data
    assert data.endswith(b"\r\n\r\nxxxxx")


def test_a_dripping_answer_comes_a_byte_at_a_time(connect, monkeypatch):
    monkeypatch.setattr("sandbox.server.connection.DRIP_SECONDS", 0.001)
    wire = connect(lambda _: Answer(body=b"x" * 10, ending="drip"))

    wire.send(GET)
    pieces = list(iter(lambda: wire.socket.recv(65536), b""))

    assert len(pieces) > 10
    assert b"".join(pieces).endswith(b"\r\n\r\n" + b"x" * 10)


def test_a_hanging_answer_never_comes_and_its_client_may_leave(connect, serve):
    wire = connect(lambda _: Answer(ending="hang"))
    wire.socket.settimeout(0.05)

    wire.send(GET)

    with closing(wire.socket), pytest.raises(TimeoutError):
        wire.socket.recv(1)
