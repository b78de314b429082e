"""How the hub comes to a connection: names, several addresses, TLS; always within its bound."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import gevent
import pytest
from requests import Response

from legacy_client.deadline import Deadline
from legacy_client.errors import BrokenOff, Stopped, Unreachable
from legacy_client.transport.base import Limits, Tls
from legacy_client.transport.hub import dialing
from legacy_client.transport.hub.channel import TlsChannel
from tests.contract.certificates import Authority
from tests.contract.fake_core import FakeCore, black_hole, close, hang, refusing, reset, send
from tests.contract.stages import id_of, prepare
from tests.unit.legacy_client.transport.hub.rig import Resolver, rig, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.fake_core import Peer, Step

NAME = "http://core.test:80/core"
LIMITS = Limits(connect_seconds=5.0, attempt_seconds=10.0)


@pytest.fixture
def core() -> Iterator[FakeCore]:
    with FakeCore() as opened:
        yield opened


def port(url: str) -> int:
    return urlsplit(url).port or 0


def test_a_name_is_looked_up_once_for_many_connections(core: FakeCore) -> None:
    resolve = Resolver(core.port)
    with rig(NAME, resolve=resolve) as hub:
        hub.send(range(50))

    assert core.connections > 1
    assert resolve.asked == 1


def test_ipv6_is_spoken() -> None:
    with FakeCore(host="::1") as core, rig(core.url) as hub:
        assert id_of(hub.call(7)) == 7
        assert core.requests[0].headers["host"] == f"[::1]:{core.port}"


def test_the_next_address_is_tried_when_one_refuses_and_comes_first_from_then_on(core: FakeCore) -> None:
    with refusing() as refused:
        resolve = Resolver(port(refused), core.port)
        with rig(NAME, limits=LIMITS, resolve=resolve) as hub:
            assert id_of(hub.call(1)) == 1
            [engine] = hub.transport._engines.values()

            assert engine._endpoint.addresses._known[0][1][1] == core.port


def test_the_next_address_is_tried_when_one_does_not_answer(core: FakeCore) -> None:
    with black_hole() as silent, rig(NAME, limits=LIMITS, resolve=Resolver(port(silent), core.port)) as hub:
        [result] = hub.send([1]).values()

        assert id_of(result) == 1


@pytest.mark.parametrize(
    "address",
    [(999, ("nowhere", 80)), (socket.AF_INET, ("255.255.255.255", 80))],
    ids=["of-no-known-family", "of-no-host"],
)
def test_an_address_that_cannot_be_connected_to_is_passed_over(
    core: FakeCore, address: tuple[int, tuple[str, int]]
) -> None:
    with rig(NAME, resolve=Resolver(address, core.port)) as hub:
        assert id_of(hub.call(1)) == 1


def test_when_no_address_answers_nothing_was_sent_and_the_name_is_looked_up_again(core: FakeCore) -> None:
    with refusing() as refused, refusing() as also_refused:
        resolve = Resolver(port(refused), port(also_refused))
        with rig(NAME, resolve=resolve) as hub:
            assert type(hub.call(1)) is Unreachable
            resolve.ports = (core.port,)

            assert id_of(hub.call(1)) == 1


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    with rig(NAME, resolve=Resolver()) as hub:
        result = hub.call(1)

        assert (type(result), result.reason) == (Unreachable, "the name did not resolve")
        assert type(hub.transport.ping()) is Unreachable


def test_a_core_that_moves_is_followed_by_new_connections(core: FakeCore) -> None:
    with FakeCore(default=(close(),)) as old:
        resolve = Resolver(old.port)
        now = [0.0]
        with rig(NAME, resolve=resolve, clock=lambda: now[0]) as hub:
            hub.call(1)
            resolve.ports = (core.port,)
            now[0] += 60.0
            hub.call(2)
            until(lambda: resolve.asked == 2)

            assert id_of(hub.call(3)) == 3


def test_a_resolver_that_hangs_holds_up_neither_the_loop_nor_open_connections(core: FakeCore) -> None:
    resolve = Resolver(core.port)
    with rig(NAME, limits=Limits(connect_seconds=0.1), resolve=resolve) as hub:
        resolve.hang()
        assert type(hub.call(1)) is Unreachable
        assert type(hub.transport.ping()) is Unreachable

        resolve.go_on()
        assert id_of(hub.call(2)) == 2
        resolve.hang()
        assert id_of(hub.call(3)) == 3
        resolve.go_on()


def test_a_name_that_resolves_too_late_opens_no_connection(core: FakeCore) -> None:
    resolve = Resolver(core.port)
    with rig(NAME, limits=Limits(connect_seconds=0.05), resolve=resolve) as hub:
        resolve.hang()
        hub.call(1)
        resolve.go_on()
        gevent.sleep(0.01)

        assert core.connections == 0


def test_what_was_cancelled_while_it_waited_for_a_connection_is_not_sent(core: FakeCore) -> None:
    resolve = Resolver(core.port)
    with rig(NAME, limits=LIMITS, resolve=resolve) as hub:
        resolve.hang()
        deadline = Deadline(60.0)
        running = hub.begin(range(3), deadline=deadline)
        deadline.cancel("client_gone")
        resolve.go_on()

        assert {result.reason for result in running.get().values()} == {"client_gone"}
        assert core.requests == []
        assert hub.gate.in_flight == 0


def test_what_was_dropped_while_it_waited_for_a_connection_is_not_sent(core: FakeCore) -> None:
    resolve = Resolver(core.port)
    with rig(NAME, limits=LIMITS, resolve=resolve) as hub:
        resolve.hang()
        hub.begin(range(3)).kill()
        resolve.go_on()
        until(lambda: hub.gate.in_flight == 0)

        assert hub.connections() == 3
        assert core.requests == []


def test_a_ping_has_no_connection_while_all_are_still_being_made() -> None:
    with black_hole() as url, rig(url, limits=Limits(connections=2, connect_seconds=5.0)) as hub:
        hub.begin(range(2))

        assert type(hub.transport.ping()) is Unreachable


def test_closing_ends_what_is_being_connected() -> None:
    with black_hole() as url, rig(url, limits=LIMITS) as hub:
        running = hub.begin([1])

        hub.transport.close()

        [result] = running.get().values()
        assert (type(result), result.reason) == (Stopped, "shutting_down")
        assert hub.gate.in_flight == 0


def test_many_who_cannot_connect_leave_no_slot_behind() -> None:
    with refusing() as url, rig(url, limits=Limits(connections=4)) as hub:
        results = hub.send(range(200))

        assert {type(result) for result in results.values()} == {Unreachable}
        assert len(hub.gate.recorded) == 200
        assert (hub.gate.in_flight, hub.gate.most_in_flight) == (0, 4)


def test_without_descriptors_the_core_is_unreachable(core: FakeCore, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_arguments: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    with rig(core.url) as hub:
        monkeypatch.setattr(dialing, "Socket", none_left)

        assert type(hub.call(1)) is Unreachable


# TLS


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
        with rig(url, tls=Tls(ca_file=authority.file), limits=Limits(connect_seconds=0.1)) as hub:
            result = hub.call(1)

    assert (type(result), result.reason) == (Unreachable, "connecting took too long")


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
    endpoint = dialing.Endpoint(host="core.test", addresses=None, context=None)
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
