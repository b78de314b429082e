"""How the hub keeps its connections, and what it does when one of them ends or is out of step."""

from __future__ import annotations

import socket

import pytest
from requests import Response

from legacy_client.errors import Unreachable
from legacy_client.transport.hub import dialing
from legacy_client.transport.memory import VirtualClock
from tests.doubles.core_parts import some_limits
from tests.doubles.fake_core import (
    FakeCore,
    action,
    answer,
    chunked,
    close,
    hang,
    send,
    wait,
)
from tests.doubles.stages import id_of, prepare
from tests.unit.legacy_client.transport.hub.rig import Rig, rig, until

LARGE = b'{"details_en":"' + b"x" * 20_000_000 + b'"}'


def test_a_connection_at_rest_is_closed_after_its_time(core: FakeCore) -> None:
    with rig(core.url, limits=some_limits(idle_seconds=0.05)) as hub:
        hub.send(range(8))
        assert hub.connections() > 0

        until(lambda: hub.connections() == 0)
        core.wait_until_idle()


def test_looking_at_a_connection_does_not_make_it_younger(core: FakeCore) -> None:
    clock = VirtualClock()
    with rig(core.url, limits=some_limits(idle_seconds=4.0), clock=clock) as hub:
        for _ in range(3):
            assert hub.transport.ping() is None
            clock.advance(2.0)

        # The third look found it too old to tell anything, and made another.
        until(lambda: core.connections == 2)


def test_a_connection_that_the_core_closes_is_let_go_at_once(core: FakeCore, hub: Rig) -> None:
    core.default = (action(), close())
    hub.send(range(8))

    until(lambda: hub.connections() == 0)


def test_a_connection_on_which_the_core_speaks_unasked_is_let_go(core: FakeCore, hub: Rig) -> None:
    core.script("/actions/1", (action(), wait(0.01), send(answer(200, {"data": {"id": 666}})), hang()))
    hub.call(1)

    until(lambda: hub.connections() == 0)
    assert id_of(hub.call(2)) == 2


def test_the_connection_used_last_is_used_first(core: FakeCore, hub: Rig) -> None:
    core.default = (wait(0.01), action())
    hub.send(range(8))
    opened = core.connections

    for action_id in range(100, 110):
        hub.call(action_id)

    assert opened > 1
    assert len({request.connection for request in core.requests[8:]}) == 1


def test_a_request_that_finds_its_connection_dead_before_a_byte_left_goes_out_on_another(
    core: FakeCore, hub: Rig
) -> None:
    hub.call(1)
    [only] = hub.transport._engines.values()
    [connection] = only._pool

    def dead(_data: bytes) -> int:
        raise BrokenPipeError

    connection._send_bytes = dead

    assert id_of(hub.call(2)) == 2
    assert core.connections == 2


def test_a_new_connection_that_is_dead_before_a_byte_left_is_no_connection(
    core: FakeCore, hub: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dead:
        def __init__(self, sock: socket.socket) -> None:
            self.sock = sock
            self.receive = bytes

        def to_wire(self, _data: bytes) -> bytes:
            raise BrokenPipeError

    monkeypatch.setattr(dialing, "PlainChannel", Dead)

    assert type(hub.call(1)) is Unreachable
    assert (hub.connections(), hub.gate.in_flight) == (0, 0)


def test_an_early_answer_to_a_request_that_cannot_leave_in_full_is_read(core: FakeCore, hub: Rig) -> None:
    core.on_accept = (send(answer(413, {"message": "too large"})), hang())

    [(_, result)] = hub.transport.send_many(prepare(core.url, [1], LARGE), hub.flow())

    assert isinstance(result, Response)
    assert result.status_code == 413
    assert hub.connections() == 0


def test_an_early_answer_is_read_although_the_core_closes_its_side(core: FakeCore, hub: Rig) -> None:
    def read_a_little(peer: object) -> None:
        peer.sock.recv(100)

    core.on_accept = (read_a_little, send(answer(413, {})), lambda peer: peer.sock.shutdown(socket.SHUT_WR), hang())

    [(_, result)] = hub.transport.send_many(prepare(core.url, [1], LARGE), hub.flow())

    assert isinstance(result, Response)
    assert result.status_code == 413


SPLIT = {
    "length": answer(200, {"data": {"id": 1}}, headers="ETag: x\r\n"),
    "chunks": chunked(b'{"data":', b' {"id": 1}}', last=b"0\r\nX-Trailer: 1\r\n\r\n"),
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(200, {"data": {"id": 1}}),
}


@pytest.mark.parametrize("data", SPLIT.values(), ids=SPLIT)
def test_an_answer_may_arrive_split_at_any_byte(core: FakeCore, hub: Rig, data: bytes) -> None:
    cuts = range(1, len(data))
    for cut in cuts:
        core.script(f"/actions/{cut}", (send(data[:cut]), wait(0.001), send(data[cut:])))

    results = hub.send(cuts)

    assert {id_of(result) for result in results.values()} == {1}
    assert core.connections <= 8


def test_a_core_that_closes_its_side_after_an_answer_gets_the_next_request_on_a_new_connection(
    core: FakeCore, hub: Rig
) -> None:
    core.script("/actions/1", (action(), lambda peer: peer.sock.shutdown(socket.SHUT_WR), hang()))

    assert id_of(hub.call(1)) == 1
    until(lambda: hub.connections() == 0)
    assert id_of(hub.call(2)) == 2
