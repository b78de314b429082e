"""The engine's own promises, beyond those that the contract suite holds every transport to."""

from __future__ import annotations

import gc
import threading
from collections import Counter

import gevent
import requests

from legacy_client.deadline import Deadline
from legacy_client.errors import BrokenOff, Stopped, TimedOut, Unsendable
from legacy_client.health.limit import AdaptiveLimit
from legacy_client.transport.memory import VirtualClock
from tests.doubles.core_parts import some_circuit, some_gate, some_limits
from tests.doubles.fake_core import (
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
from tests.doubles.gates import NotingGate
from tests.doubles.stages import id_of, prepare
from tests.unit.legacy_client.transport.hub.rig import Rig, rig, until


def ids(core: FakeCore) -> list[int]:
    """What the core was asked about, in order of arrival."""
    return [int(request.path.rpartition("/")[2]) for request in core.requests]


LARGE = b'{"details_en":"' + b"x" * 20_000_000 + b'"}'


def test_a_single_call_beside_a_batch_of_a_thousand_is_among_the_next_to_be_sent(core: FakeCore) -> None:
    core.default = (wait(0.002), action())
    with rig(core.url, limits=some_limits(connections=4)) as hub:
        large = hub.begin(range(1000), concurrency=32)
        until(lambda: len(core.requests) > 20)
        before = len(core.requests)

        assert id_of(hub.call(5000)) == 5000

        # Four may have been on their way already, and it was the large batch's turn first.
        assert ids(core).index(5000) <= before + 5
        assert not large.ready()
        large.get()


def test_callers_share_alike_whatever_the_number_of_their_batches(core: FakeCore) -> None:
    core.default = (wait(0.002), action())
    with rig(core.url, limits=some_limits(connections=4)) as hub:
        many = [hub.begin(range(1000, 1050), caller="many") for _ in range(5)]
        few = hub.begin(range(50), caller="few")

        few.get()

        served = ids(core)
        assert max(served.index(action_id) for action_id in range(50)) <= 2 * 50 + 8
        gevent.joinall(many)


def test_a_caller_with_a_share_has_no_more_calls_under_way_and_all_its_items_are_answered(core: FakeCore) -> None:
    gate = NotingGate()
    core.default = (wait(0.002), action())
    with rig(core.url, gate) as hub:
        batches = [hub.begin(range(20), caller="mine", most_in_flight=3) for _ in range(3)]
        answered = [running.get() for running in gevent.joinall(batches)]

    assert gate.most_in_flight == 3
    assert [sorted(results) for results in answered] == [list(range(20))] * 3


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
    with rig(core.url, limits=some_limits(connections=2, attempt_seconds=10.0)) as hub:
        first = hub.begin(range(10), concurrency=2)
        until(lambda: len(core.requests) == 2)
        # The first batch is at its own bound: nobody waits for the core.
        assert hub.transport.backlog() == (8, 0.0)

        second = hub.begin([100])
        until(lambda: hub.transport.backlog()[1] > 0.01)
        assert hub.transport.backlog()[0] == 9

        released.append(True)
        gevent.joinall([first, second])
        assert hub.transport.backlog() == (0, 0.0)


def test_an_answer_that_came_in_time_counts_although_the_loop_was_too_busy_to_look(core: FakeCore) -> None:
    may_answer, answered, clock = threading.Event(), threading.Event(), VirtualClock()
    core.script("/actions/1", (lambda _peer: may_answer.wait(30.0), action(), lambda _peer: answered.set()))
    with rig(core.url, clock=clock) as hub:
        running = hub.begin([1], item_seconds=1.0)
        until(lambda: bool(core.requests))
        may_answer.set()
        # The whole thread waits here, and the loop with it.
        assert answered.wait(30.0)
        clock.advance(2.0)

        assert id_of(running.get()[0]) == 1


def test_one_batch_in_haste_neither_closes_the_core_to_the_others_nor_slows_them(core: FakeCore) -> None:
    released: list[bool] = []
    core.default = (wait_for(lambda: bool(released)), action())
    gate = some_gate(ceiling=64, circuit=some_circuit(min_calls=20), limit=AdaptiveLimit(floor=4, ceiling=64))
    with rig(core.url, gate) as hub:
        hasty = hub.send(range(32), concurrency=32, deadline=Deadline(0.3))
        released.append(True)

        assert {type(result) for result in hasty.values()} == {TimedOut}
        assert id_of(hub.call(100)) == 100
        assert (gate.snapshot().circuit, gate.snapshot().limit, gate.snapshot().in_flight) == ("closed", 64, 0)


def test_a_request_that_cannot_leave_in_full_is_timed_out(core: FakeCore, hub: Rig) -> None:
    core.on_accept = (hang(),)

    [(_, result)] = hub.transport.send_many(prepare(core.url, [1], LARGE), hub.flow(item_seconds=0.2))

    assert type(result) is TimedOut
    assert hub.connections() == 0


def test_a_request_for_another_origin_is_not_sent_and_harms_no_other(core: FakeCore, hub: Rig) -> None:
    requests_ = prepare(core.url, [0, 1, 2])
    requests_[1] = requests.Request("PATCH", "http://elsewhere.test/x").prepare()

    results = dict(hub.transport.send_many(requests_, hub.flow(concurrency=1)))

    assert type(results[1]) is Unsendable
    assert [id_of(results[0]), id_of(results[2])] == [0, 2]
    assert ids(core) == [0, 2]
    assert hub.gate.in_flight == 0


def test_a_ping_opens_one_connection_which_the_next_request_uses(core: FakeCore, hub: Rig) -> None:
    assert [hub.transport.ping(), hub.transport.ping()] == [None, None]
    hub.call(1)

    assert core.connections == 1


def test_a_ping_needs_no_connection_when_all_are_at_work(core: FakeCore) -> None:
    released: list[bool] = []
    core.default = (wait_for(lambda: bool(released)), action())
    with rig(core.url, limits=some_limits(connections=1, attempt_seconds=10.0)) as hub:
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
