"""How the hub comes to a connection: names, several addresses, TLS; always within its bound."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import gevent
import pytest

from legacy_client.deadline import Deadline
from legacy_client.errors import Stopped, Unreachable
from legacy_client.transport.hub import dialing
from tests.doubles.core_parts import some_limits
from tests.doubles.fake_core import FakeCore, action, black_hole, close, refusing
from tests.doubles.stages import id_of
from tests.unit.legacy_client.transport.hub.rig import Resolver, rig, until

if TYPE_CHECKING:
    from collections.abc import Iterator


NAME = "http://core.test:80/core"
LIMITS = some_limits(connect_seconds=5.0, attempt_seconds=10.0)


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

            assert engine._dialer._endpoint.addresses._known[0][1][1] == core.port


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


def test_a_batch_in_haste_casts_no_doubt_on_the_addresses() -> None:
    with black_hole() as silent:
        resolve = Resolver(port(silent))
        with rig(NAME, limits=LIMITS, resolve=resolve) as hub:
            results = [hub.call(1, deadline=Deadline(0.1)), hub.call(1, deadline=Deadline(0.1))]

            assert [type(result) for result in results] == [Unreachable] * 2
            assert resolve.asked == 1


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    with rig(NAME, resolve=Resolver()) as hub:
        result = hub.call(1)

        assert (type(result), result.reason) == (Unreachable, "the name did not resolve, core.test:80")
        assert type(hub.transport.ping()) is Unreachable


def test_a_core_that_moves_is_followed_by_new_connections(core: FakeCore) -> None:
    with FakeCore(default=(close(),)) as old:
        resolve = Resolver(old.port)
        now = [0.0]
        with rig(NAME, resolve=resolve, clock=lambda: now[0]) as hub:
            hub.call(1)
            resolve.ports = (core.port,)
            now[0] += 4.0

            assert id_of(hub.call(2)) == 2


def test_a_core_that_moves_is_followed_at_once_by_all_of_a_batch_although_the_old_one_stays_up(core: FakeCore) -> None:
    with FakeCore(default=(action(), close())) as old:
        resolve = Resolver(old.port)
        now = [0.0]
        with rig(NAME, resolve=resolve, clock=lambda: now[0]) as hub:
            hub.call(1)
            until(lambda: hub.connections() == 0)
            resolve.ports = (core.port,)
            now[0] += 30.0

            hub.send(range(10))

        assert (len(old.requests), len(core.requests)) == (1, 10)


def test_steady_calls_follow_a_core_that_moves_when_their_connections_are_old_enough(core: FakeCore) -> None:
    with FakeCore() as old:
        resolve = Resolver(old.port)
        now = [0.0]
        limits = some_limits(idle_seconds=1000.0, max_age_seconds=60.0)
        with rig(NAME, limits=limits, resolve=resolve, clock=lambda: now[0]) as hub:
            hub.call(1)
            resolve.ports = (core.port,)
            served = []
            for second in range(1, 70):
                now[0] += 1.0
                hub.call(second)
                served.append((len(old.requests), len(core.requests)))

    # Shortened by up to a fifth, and told when the last call on it has ended.
    moved = next(second for second, (_, moved) in enumerate(served, 1) if moved)
    assert 48 <= moved <= 62
    assert served[-1] == (moved, 70 - moved)


def test_a_resolver_that_hangs_holds_up_neither_the_loop_nor_open_connections(core: FakeCore) -> None:
    resolve = Resolver(core.port)
    with rig(NAME, limits=some_limits(connect_seconds=0.1), resolve=resolve) as hub:
        resolve.hang()
        assert type(hub.call(1)) is Unreachable
        assert type(hub.transport.ping()) is Unreachable

        resolve.go_on()
        assert id_of(hub.call(2)) == 2
        resolve.hang()
        assert id_of(hub.call(3)) == 3
        resolve.go_on()


def test_a_core_that_refused_once_is_found_again_although_the_resolver_hangs(core: FakeCore) -> None:
    core.default = (action(), close())
    resolve = Resolver(core.port)
    with rig(NAME, limits=LIMITS, resolve=resolve) as hub:
        hub.call(1)
        until(lambda: hub.connections() == 0)
        [engine] = hub.transport._engines.values()
        engine._dialer._endpoint.addresses.doubt()
        resolve.hang()

        assert id_of(hub.call(2)) == 2
        resolve.go_on()


def test_who_gave_up_waiting_for_a_name_is_forgotten() -> None:
    resolve = Resolver()
    with rig(NAME, limits=some_limits(connect_seconds=0.05), resolve=resolve) as hub:
        resolve.hang()
        hub.call(1)
        [engine] = hub.transport._engines.values()

        assert engine._dialer._endpoint.addresses._waiting == []
        resolve.go_on()


def test_a_name_that_resolves_too_late_opens_no_connection(core: FakeCore) -> None:
    resolve = Resolver(core.port)
    with rig(NAME, limits=some_limits(connect_seconds=0.05), resolve=resolve) as hub:
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
    with black_hole() as url, rig(url, limits=some_limits(connections=2, connect_seconds=5.0)) as hub:
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
    with refusing() as url, rig(url, limits=some_limits(connections=4)) as hub:
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
