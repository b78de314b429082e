"""The engine's own promises, beyond those that the contract suite holds every transport to."""

from __future__ import annotations

import gc
import time
from collections import Counter
from typing import TYPE_CHECKING

import gevent
import pytest
import requests
from requests import Response

from legacy_client.deadline import Deadline
from legacy_client.errors import BadAnswer, BrokenOff, Stopped, TimedOut, Unreachable, Unsendable
from legacy_client.transport.base import Limits
from legacy_client.transport.hub import engine
from legacy_client.transport.hub.connection import Connection
from tests.contract.fake_core import (
    FakeCore,
    action,
    answer,
    close,
    hang,
    refusing,
    send,
    wait,
    wait_for,
)
from tests.contract.gates import NotingGate
from tests.contract.stages import id_of, prepare
from tests.unit.legacy_client.transport.hub.rig import Rig, rig, until

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE = b'{"details_en":"' + b"x" * 20_000_000 + b'"}'


@pytest.fixture
def core() -> Iterator[FakeCore]:
    with FakeCore() as opened:
        yield opened


@pytest.fixture
def hub(core: FakeCore) -> Iterator[Rig]:
    with rig(core.url) as opened:
        yield opened


def ids(core: FakeCore) -> list[int]:
    """What the core was asked about, in order of arrival."""
    return [int(request.path.rpartition("/")[2]) for request in core.requests]


# Turns


def test_a_single_call_beside_a_batch_of_a_thousand_is_among_the_next_to_be_sent(core: FakeCore) -> None:
    core.default = (wait(0.002), action())
    with rig(core.url, limits=Limits(connections=4)) as hub:
        large = hub.begin(range(1000), concurrency=32)
        until(lambda: len(core.requests) > 20)
        before = len(core.requests)

        assert id_of(hub.call(5000)) == 5000

        # Four may have been on their way already, and it was the large batch's turn first.
        assert ids(core).index(5000) <= before + 5
        assert not large.ready()
        large.get()


def test_owners_share_alike_whatever_the_number_of_their_batches(core: FakeCore) -> None:
    core.default = (wait(0.002), action())
    with rig(core.url, limits=Limits(connections=4)) as hub:
        many = [hub.begin(range(1000, 1050), owner="many") for _ in range(5)]
        few = hub.begin(range(50), owner="few")

        few.get()

        served = ids(core)
        assert max(served.index(action_id) for action_id in range(50)) <= 2 * 50 + 8
        gevent.joinall(many)


def test_a_batch_is_sent_on_as_many_connections_as_the_gate_comes_to_allow(core: FakeCore) -> None:
    gate = NotingGate(capacity=1)
    core.default = (wait(0.005), action())
    with rig(core.url, gate) as hub:
        running = hub.begin(range(60))
        until(lambda: len(core.requests) > 3)
        assert gate.most_in_flight == 1

        gate._capacity = 3
        running.get()

    assert gate.most_in_flight == 3


def test_results_come_while_others_are_under_way(core: FakeCore, hub: Rig) -> None:
    seen: list[int] = []
    core.script("/actions/1", (wait_for(lambda: seen == [0]), action()))

    for index, _ in hub.transport.send_many(prepare(core.url, [0, 1]), hub.flow()):
        seen.append(index)

    assert seen == [0, 1]


def test_what_waits_is_what_is_not_sent_and_its_age_is_the_wait_for_a_turn(core: FakeCore) -> None:
    released: list[bool] = []
    core.default = (wait_for(lambda: bool(released)), action())
    with rig(core.url, limits=Limits(connections=2, attempt_seconds=10.0)) as hub:
        first = hub.begin(range(10), concurrency=2)
        until(lambda: len(core.requests) == 2)
        # The first batch is at its own bound: nobody waits for the core.
        assert hub.transport.waiting() == (8, 0.0)

        second = hub.begin([100])
        until(lambda: hub.transport.waiting()[1] > 0.01)
        assert hub.transport.waiting()[0] == 9

        released.append(True)
        gevent.joinall([first, second])
        assert hub.transport.waiting() == (0, 0.0)


# Consumers that go away


@pytest.mark.parametrize("how", [gevent.GreenletExit, gevent.Timeout, KeyError])
def test_a_consumer_that_is_killed_leaves_no_slot_and_no_connection_behind(
    core: FakeCore, how: type[BaseException]
) -> None:
    released: list[bool] = []
    core.default = (wait_for(lambda: bool(released)), action())
    with rig(core.url, limits=Limits(connections=2, attempt_seconds=10.0)) as hub:
        running = hub.begin(range(50))
        until(lambda: len(core.requests) == 2)

        running.kill(how)
        assert hub.transport.waiting() == (0, 0.0)
        assert hub.gate.in_flight == 2

        released.append(True)
        until(lambda: hub.gate.in_flight == 0)
        assert len(hub.gate.recorded) == 2
        assert {index: id_of(result) for index, result in hub.send(range(50)).items()} == {i: i for i in range(50)}
        assert core.connections == 2


def test_an_iterator_that_is_dropped_lets_what_is_under_way_run_out(core: FakeCore, hub: Rig) -> None:
    core.script("/actions/1", (wait(0.02), action()))
    results = hub.transport.send_many(prepare(core.url, range(40)), hub.flow(concurrency=2))
    next(results)

    results.close()

    until(lambda: hub.gate.in_flight == 0)
    assert len(core.requests) < 40


def test_an_iterator_that_is_never_begun_sends_nothing(core: FakeCore, hub: Rig) -> None:
    hub.transport.send_many(prepare(core.url, [1]), hub.flow())
    gevent.sleep(0.01)

    assert core.requests == []


def test_cancelling_stops_what_waits_although_nothing_under_way_ends(core: FakeCore, hub: Rig) -> None:
    core.default = (hang(),)
    deadline = Deadline(60.0)
    running = hub.begin(range(5), deadline=deadline, concurrency=1, item_seconds=0.5)
    until(lambda: len(core.requests) == 1)

    deadline.cancel("client_gone")
    until(lambda: hub.transport.waiting() == (0, 0.0))

    assert not running.ready()
    assert [type(result) for _, result in sorted(running.get().items())] == [TimedOut] + [Stopped] * 4


# Time


def test_an_answer_that_came_in_time_counts_although_the_loop_was_too_busy_to_look(core: FakeCore, hub: Rig) -> None:
    answered: list[bool] = []
    core.script("/actions/1", (action(), lambda _peer: answered.append(True)))
    running = hub.begin([1], item_seconds=0.1)
    gevent.sleep(0)
    while not answered:
        gevent.sleep(0) if not core.requests else time.sleep(0.001)
    time.sleep(0.15)

    assert id_of(running.get()[0]) == 1


def test_a_request_that_cannot_leave_in_full_is_timed_out(core: FakeCore, hub: Rig) -> None:
    core.on_accept = (hang(),)

    [(_, result)] = hub.transport.send_many(prepare(core.url, [1], LARGE), hub.flow(item_seconds=0.2))

    assert type(result) is TimedOut
    assert hub.connections() == 0


# Connections


def test_a_connection_at_rest_is_closed_after_its_time(core: FakeCore) -> None:
    with rig(core.url, limits=Limits(idle_seconds=0.05)) as hub:
        hub.send(range(8))
        assert hub.connections() > 0

        until(lambda: hub.connections() == 0)
        core.wait_until_idle()


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
    class Dead(Connection):
        def send(self, *_arguments: object) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(engine, "Connection", Dead)

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

    core.on_accept = (read_a_little, send(answer(413, {})), lambda peer: peer.sock.shutdown(1), hang())

    [(_, result)] = hub.transport.send_many(prepare(core.url, [1], LARGE), hub.flow())

    assert isinstance(result, Response)
    assert result.status_code == 413


# Requests that cannot be sent


def test_a_request_for_another_origin_is_not_sent_and_harms_no_other(core: FakeCore, hub: Rig) -> None:
    requests_ = prepare(core.url, [0, 1, 2])
    requests_[1] = requests.Request("PATCH", "http://elsewhere.test/x").prepare()

    results = dict(hub.transport.send_many(requests_, hub.flow(concurrency=1)))

    assert type(results[1]) is Unsendable
    assert [id_of(results[0]), id_of(results[2])] == [0, 2]
    assert ids(core) == [0, 2]
    assert hub.gate.in_flight == 0


def test_a_request_that_could_not_be_announced_is_not_sent(core: FakeCore, hub: Rig) -> None:
    def before_send(index: int) -> None:
        if index == 1:
            raise RuntimeError("the journal is gone")

    results = hub.send([0, 1, 2], before_send=before_send)

    assert [type(results[index]) is Unsendable for index in range(3)] == [False, True, False]
    assert sorted(ids(core)) == [0, 2]
    assert hub.gate.in_flight == 0


# Ping and close


def test_a_ping_opens_one_connection_which_the_next_request_uses(core: FakeCore, hub: Rig) -> None:
    assert [hub.transport.ping(), hub.transport.ping()] == [None, None]
    hub.call(1)

    assert core.connections == 1


def test_a_ping_needs_no_connection_when_all_are_at_work(core: FakeCore) -> None:
    released: list[bool] = []
    core.default = (wait_for(lambda: bool(released)), action())
    with rig(core.url, limits=Limits(connections=1, attempt_seconds=10.0)) as hub:
        running = hub.begin([1])
        until(lambda: len(core.requests) == 1)

        assert hub.transport.ping() is None

        released.append(True)
        running.get()
    assert core.connections == 1


def test_closing_ends_everything_under_way(core: FakeCore, hub: Rig) -> None:
    core.default = (hang(),)
    running = hub.begin(range(5), concurrency=2)
    until(lambda: len(core.requests) == 2)

    hub.transport.close()

    results = running.get()
    assert [type(results[index]) for index in range(5)] == [BrokenOff, BrokenOff, Stopped, Stopped, Stopped]
    assert {results[index].reason for index in range(2, 5)} == {"shutting_down"}
    assert hub.gate.in_flight == 0
    assert type(hub.transport.ping()) is Stopped


def test_an_iterator_that_begins_after_closing_sends_nothing(core: FakeCore, hub: Rig) -> None:
    results = hub.transport.send_many(prepare(core.url, [1]), hub.flow())

    hub.transport.close()

    assert [(type(result), result.reason) for _, result in results] == [(Stopped, "shutting_down")]


def test_nothing_that_is_over_is_left_to_the_garbage_collector(core: FakeCore) -> None:
    core.script("/actions/1", (close(),))
    core.script("/actions/2", (send(b"nonsense\r\n\r\n"),))
    core.script("/actions/3", (send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), hang()))
    core.script("/actions/4", (send(answer(200, {}) * 2),))
    gc.collect()
    before = made()
    gc.disable()
    try:
        meet_each_fault(core)

        assert made() - before == Counter()
    finally:
        gc.enable()


def meet_each_fault(core: FakeCore) -> None:
    with rig(core.url) as hub:
        hub.send(range(10), item_seconds=0.1)
        hub.begin(range(10)).kill()
    with refusing() as url, rig(url) as hub:
        hub.call(1)
    gevent.sleep(0)


def made() -> Counter[str]:
    """How many objects of the hub's own there are, by kind."""
    everything = (type(each) for each in gc.get_objects())
    return Counter(
        kind.__name__ for kind in everything if str(kind.__module__).startswith("legacy_client.transport.hub")
    )


# As an adapter of requests


def session(hub: Rig) -> requests.Session:
    opened = requests.Session()
    opened.trust_env = False
    opened.mount(hub.url, hub.transport)
    return opened


def test_a_session_can_be_carried_by_it(core: FakeCore, hub: Rig) -> None:
    response = session(hub).put(core.url + "/actions/7", json={"state": 2}, timeout=5)

    assert response.json() == {"data": {"id": 7, "state": 2}}
    assert core.requests[0].body == b'{"state": 2}'
    assert core.requests[0].headers["accept-encoding"] == "identity"


def test_a_session_gets_the_exceptions_it_expects(core: FakeCore, hub: Rig) -> None:
    core.script("/actions/1", (hang(),))
    core.script("/actions/2", (close(),))
    core.script("/actions/3", (send(b"nonsense\r\n\r\n"),))
    with session(hub) as opened:
        with pytest.raises(requests.ReadTimeout) as timed_out:
            opened.put(core.url + "/actions/1", timeout=(1.0, 0.1))
        for action_id, cause in ((2, BrokenOff), (3, BadAnswer)):
            with pytest.raises(requests.ConnectionError) as broken:
                opened.put(f"{core.url}/actions/{action_id}")
            assert type(broken.value.__cause__) is cause
        with pytest.raises(requests.ConnectionError):
            opened.head(core.url)

    assert isinstance(timed_out.value.__cause__, TimedOut)
    assert timed_out.value.request.url == core.url + "/actions/1"


def test_a_session_is_told_that_the_core_cannot_be_reached() -> None:
    with refusing() as url, rig(url) as hub, session(hub) as opened, pytest.raises(requests.ConnectionError) as failed:
        opened.put(url)

    assert isinstance(failed.value.__cause__, Unreachable)
