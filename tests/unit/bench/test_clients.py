"""The bench's own clients send what they are told to, no more and no less."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.clients import send


class Service(ThreadingHTTPServer):
    """Answers every batch with one status, and keeps what came over which connection."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.taken: list[tuple[str, bytes, tuple[str, int]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.headers["Authorization"], body, self.client_address))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def service():
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join(20)


def test_each_client_sends_every_turn_on_one_connection(service):
    send([service.url], "secret", b"{}", clients=3, turns=4)

    assert {(authorization, body) for authorization, body, _ in service.taken} == {("Bearer secret", b"{}")}
    assert len(service.taken) == 12
    assert len({address for _, _, address in service.taken}) == 3


def test_each_service_gets_as_much(service):
    with Service() as other:
        thread = threading.Thread(target=other.serve_forever, args=(0.01,))
        thread.start()
        send([service.url, other.url], "secret", b"{}", clients=2, turns=5)
        other.shutdown()
        thread.join(20)

    assert (len(service.taken), len(other.taken)) == (10, 10)


def test_a_refused_batch_ends_the_measurement(service):
    service.status = 503

    with pytest.raises(RuntimeError, match="answered with 503"):
        send([service.url], "secret", b"{}", clients=1, turns=5)
