"""What becomes of a batch whose consumer is killed, leaves early, or is cancelled."""

from __future__ import annotations

import gevent
import pytest

from legacy_client.deadline import Deadline
from legacy_client.errors import Stopped, TimedOut
from tests.doubles.core_parts import some_limits
from tests.doubles.fake_core import (
    FakeCore,
    action,
    hang,
    wait,
    wait_for,
)
from tests.doubles.stages import id_of, prepare
from tests.unit.legacy_client.transport.hub.rig import Rig, rig, until


@pytest.mark.parametrize("how", [gevent.GreenletExit, gevent.Timeout, KeyError])
def test_a_consumer_that_is_killed_leaves_no_slot_and_no_connection_behind(
    core: FakeCore, how: type[BaseException]
) -> None:
    released: list[bool] = []
    core.default = (wait_for(lambda: bool(released)), action())
    with rig(core.url, limits=some_limits(connections=2, attempt_seconds=10.0)) as hub:
        running = hub.begin(range(50))
        until(lambda: len(core.requests) == 2)

        running.kill(how)
        assert hub.transport.backlog() == (0, 0.0)
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
    until(lambda: hub.transport.backlog() == (0, 0.0))

    assert not running.ready()
    assert [type(result) for _, result in sorted(running.get().items())] == [TimedOut] + [Stopped] * 4
