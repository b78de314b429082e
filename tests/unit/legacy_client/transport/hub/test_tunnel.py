"""The hub through a forward proxy: one CONNECT for each connection, and then as without one."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self

import pytest

from legacy_client.errors import Unreachable
from legacy_client.transport.base import Tls
from tests.doubles.certificates import Authority
from tests.doubles.fake_core import FakeCore
from tests.doubles.stages import id_of
from tests.unit.legacy_client.transport.hub.rig import rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Proxy:
    """Answers CONNECT with ``answer``; where that is a 200, joins both sides. ``asked`` are the request heads."""

    def __init__(self, to: int, answer: bytes = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n") -> None:
        self._to = to
        self._answer = answer
        self.asked: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10.0)
        for sock in self._sockets:
            sock.close()

    def _start(self, target: Callable[..., None], *sockets: socket.socket) -> None:
        self._threads.append(threading.Thread(target=target, args=sockets, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            self.asked.append(client.recv(65_536))
            client.sendall(self._answer[:20])
            client.sendall(self._answer[20:])
            if b" 200 " not in self._answer:
                # The gateway may have closed its end by then.
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
                continue
            core = socket.create_connection(("127.0.0.1", self._to))
            self._sockets.append(core)
            self._start(_copy, client, core)
            self._start(_copy, core, client)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def core() -> Iterator[FakeCore]:
    with FakeCore() as opened:
        yield opened


def test_calls_go_through_the_proxy_and_only_the_proxy_knows_the_name(core: FakeCore) -> None:
    with Proxy(core.port) as proxy, rig("http://core.test:8080/core", proxy=proxy.url) as hub:
        assert [id_of(hub.call(action_id)) for action_id in (1, 2)] == [1, 2]

    assert proxy.asked == [b"CONNECT core.test:8080 HTTP/1.1\r\nHost: core.test:8080\r\n\r\n"]
    assert [request.headers["host"] for request in core.requests] == ["core.test:8080"] * 2


def test_tls_is_with_the_core_and_not_with_the_proxy(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with FakeCore(tls=authority.issue("core.test").server()) as core:
        tls = Tls(ca_file=authority.file)
        with Proxy(core.port) as proxy, rig("https://core.test/core", proxy=proxy.url, tls=tls) as hub:
            assert id_of(hub.call(1)) == 1

    assert proxy.asked == [b"CONNECT core.test:443 HTTP/1.1\r\nHost: core.test:443\r\n\r\n"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "the proxy answered 407"),
        (b"SSH-2.0-OpenSSH_9.6 and nothing\r\n\r\n", "the proxy's answer is not HTTP"),
        (b"HTTP/1.1 502 and cut", "the proxy gave no answer"),
    ],
)
def test_where_the_proxy_does_not_open_the_way_nothing_was_sent(core: FakeCore, answer: bytes, reason: str) -> None:
    with Proxy(core.port, answer) as proxy, rig("http://core.test:8080/core", proxy=proxy.url) as hub:
        result = hub.call(1)

    assert (type(result), result.reason) == (Unreachable, f"{reason}, core.test:8080")
    assert core.requests == []
