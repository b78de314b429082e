"""How the hub comes to a connection over TLS, beyond whom it trusts (which the contract suite shows)."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

import pytest
from requests import Response

from legacy_client.errors import BrokenOff, Unreachable
from legacy_client.transport.base import Tls
from legacy_client.transport.hub import dialing
from legacy_client.transport.hub.channel import TlsChannel
from tests.doubles.certificates import Authority
from tests.doubles.core_parts import some_limits
from tests.doubles.fake_core import FakeCore, close, hang, reset, send
from tests.doubles.stages import id_of, prepare
from tests.unit.legacy_client.transport.hub.rig import Resolver, rig

if TYPE_CHECKING:
    from tests.doubles.fake_core import Peer, Step

LIMITS = some_limits(connect_seconds=5.0, attempt_seconds=10.0)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def test_many_calls_at_once_go_over_tls(authority: Authority) -> None:
    body = b'{"details_en":"' + b"x" * 200_000 + b'"}'
    with FakeCore(tls=authority.issue("localhost").server()) as core:
        with rig(core.url, tls=Tls(ca_file=authority.file)) as hub:
            results = hub.send(range(100))
            large = dict(hub.transport.send_many(prepare(core.url, range(20), body), hub.flow()))

        assert [id_of(results[index]) for index in range(100)] == list(range(100))
        assert [id_of(large[index]) for index in range(20)] == list(range(20))
        assert {request.body for request in core.requests} == {b'{"state":2}', body}


def test_only_http_1_1_is_offered(authority: Authority) -> None:
    context = authority.issue("localhost").server()
    context.set_alpn_protocols(["h2", "http/1.1"])
    chosen: list[str | None] = []
    with FakeCore(tls=context) as core:
        core.default = (lambda peer: chosen.append(peer.sock.selected_alpn_protocol()), *core.default)
        with rig(core.url, tls=Tls(ca_file=authority.file)) as hub:
            assert isinstance(hub.call(1), Response)

    assert chosen == ["http/1.1"]


def read_hello(peer: Peer) -> None:
    peer.sock.recv(10_000)


@pytest.mark.parametrize("step", [close(), reset()], ids=["end-of-stream", "reset"])
def test_the_next_address_is_tried_when_the_handshake_breaks(authority: Authority, step: Step) -> None:
    on_accept = (read_hello, step)
    with FakeCore(tls=authority.issue("localhost").server()) as core, FakeCore(on_accept=on_accept) as broken:
        resolve = Resolver(broken.port, core.port)
        with rig(core.url, tls=Tls(ca_file=authority.file), resolve=resolve, limits=LIMITS) as hub:
            assert id_of(hub.call(1)) == 1


def say_goodbye(peer: Peer) -> None:
    peer.sock.settimeout(0.05)
    with contextlib.suppress(OSError):
        peer.sock.unwrap()


@pytest.mark.parametrize(
    ("steps", "is_whole"), [((say_goodbye, close()), True), ((close(),), False)], ids=["announced", "cut"]
)
def test_an_answer_that_lasts_to_the_end_of_the_stream_is_whole_only_if_that_was_announced(
    authority: Authority, steps: tuple[Step, ...], is_whole: bool
) -> None:
    with FakeCore(tls=authority.issue("localhost").server()) as core:
        core.default = (send(b'HTTP/1.0 200 OK\r\n\r\n{"data":{"id":1}}'), *steps)
        with rig(core.url, tls=Tls(ca_file=authority.file)) as hub:
            result = hub.call(1)

    assert isinstance(result, Response if is_whole else BrokenOff)


def test_a_handshake_that_does_not_end_is_given_up_in_time(authority: Authority) -> None:
    with FakeCore(on_accept=(hang(),)) as core:
        url = core.url.replace("http:", "https:")
        with rig(url, tls=Tls(ca_file=authority.file), limits=some_limits(connect_seconds=0.1)) as hub:
            result = hub.call(1)

    assert (type(result), result.reason) == (Unreachable, f"ETIMEDOUT while connecting, 127.0.0.1:{core.port}")


def test_files_that_cannot_be_used_are_found_at_the_start(authority: Authority) -> None:
    for tls in (Tls(ca_file="/none.pem"), Tls(ca_file=authority.file, cert_file="/none.pem")):
        with pytest.raises(OSError, match=r"."):
            rig("https://core.test", tls=tls).__enter__()


class Blocked:
    """A socket that takes bytes when ``is_open``, and has none to give."""

    def __init__(self) -> None:
        self.is_open = False
        self.sent = b""

    def send(self, data: bytes) -> int:
        if not self.is_open:
            raise BlockingIOError
        self.sent += data[:10]
        return len(data[:10])

    def recv(self, _size: int) -> bytes:
        raise BlockingIOError

    def fileno(self) -> int:
        return 0

    def close(self) -> None:
        self.sent = b""


class Watched:
    """A loop whose watchers only say for what they were made."""

    def __init__(self) -> None:
        self.events: list[int] = []

    def io(self, _fd: int, events: int) -> Watched:
        self.events.append(events)
        return self

    def start(self, *_arguments: object) -> None:
        self.is_started = True

    stop = close = start


def test_a_handshake_waits_until_its_own_bytes_have_left() -> None:
    loop, sock = Watched(), Blocked()
    endpoint = dialing.Endpoint(host="core.test", port=443, addresses=None, context=None)
    opening = dialing.Dialing(loop, endpoint, lambda *_over: None, until=1e9, clock=lambda: 0.0)
    channel = TlsChannel(ssl.create_default_context(), sock, "core.test")

    opening._shake_hands(channel)
    sock.is_open = True
    opening._shake_hands(channel)
    while opening._unsent:
        opening._shake_hands(channel)

    assert loop.events[0] == dialing.READ | dialing.WRITE
    assert loop.events[-1] == dialing.READ
    assert len(sock.sent) > 200
