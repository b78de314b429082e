"""Which connections are used again, and how many there are, over every transport with sockets."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from legacy_client.deadline import Deadline
from legacy_client.errors import (
    CoreError,
    Unreachable,
)
from tests.contract.calls import call, flow
from tests.doubles.broken_answers import BODY
from tests.doubles.core_parts import some_limits
from tests.doubles.fake_core import (
    FakeCore,
    action,
    answer,
    black_hole,
    close,
    hang,
    refusing,
    send,
    wait,
    wait_for,
)
from tests.doubles.stages import ON_SOCKETS, id_of, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from requests import Response

    from legacy_client.transport.base import Transport

    Result = Response | CoreError


pytestmark = pytest.mark.parametrize("kind", ON_SOCKETS)


def test_a_connection_is_used_again(core: FakeCore, transport: Transport) -> None:
    for action_id in range(5):
        assert id_of(call(transport, core.url, action_id)) == action_id

    assert core.connections == 1


def test_a_connection_that_was_idle_too_long_is_not_used_again(
    core: FakeCore, open_transport: Callable[..., Transport]
) -> None:
    transport = open_transport(core.url, some_limits(idle_seconds=0.0))

    for action_id in range(3):
        assert id_of(call(transport, core.url, action_id)) == action_id

    assert core.connections == 3


def test_a_connection_that_is_too_old_is_not_used_again(
    core: FakeCore, open_transport: Callable[..., Transport]
) -> None:
    transport = open_transport(core.url, some_limits(idle_seconds=1000.0, max_age_seconds=0.0))

    for action_id in range(3):
        assert id_of(call(transport, core.url, action_id)) == action_id

    assert core.connections == 3


def test_a_connection_that_the_core_closed_while_idle_is_not_used_again(core: FakeCore, transport: Transport) -> None:
    core.script("/actions/1", (action(), close()))
    call(transport, core.url, 1)
    core.wait_until_idle()

    assert id_of(call(transport, core.url, 2)) == 2
    assert core.connections == 2


def test_a_connection_that_the_core_announced_to_close_is_not_used_again(core: FakeCore, transport: Transport) -> None:
    core.script("/actions/1", (send(answer(200, body=BODY, headers="Connection: close\r\n")), hang()))
    call(transport, core.url, 1)

    assert id_of(call(transport, core.url, 2)) == 2
    assert core.connections == 2


def test_bytes_after_an_answer_never_answer_the_next_call(core: FakeCore, transport: Transport) -> None:
    core.script("/actions/1", (send(answer(200, body=BODY) + answer(200, body=BODY)),))
    call(transport, core.url, 1)

    assert id_of(call(transport, core.url, 2)) == 2


def test_there_are_never_more_connections_than_the_limit(
    core: FakeCore, open_transport: Callable[..., Transport]
) -> None:
    core.default = (wait(0.01), action())
    transport = open_transport(core.url, some_limits(connections=3))

    results = list(transport.send_many(prepare(core.url, range(30)), flow(concurrency=30)))

    assert len(results) == 30
    assert (core.most_in_flight, core.connections) == (3, 3)


def test_one_slow_call_does_not_hold_up_the_others(core: FakeCore, transport: Transport) -> None:
    core.script("/actions/0", (wait_for(lambda: len(core.requests) == 50), action()))

    results = [(index, id_of(result)) for index, result in transport.send_many(prepare(core.url, range(50)), flow())]

    assert sorted(results) == [(i, i) for i in range(50)]


def test_a_large_request_arrives_whole(core: FakeCore, transport: Transport) -> None:
    body = b'{"details_en":"' + b"x" * 2_000_000 + b'"}'

    [(_, result)] = transport.send_many(prepare(core.url, [1], body), flow())

    assert id_of(result) == 1
    assert core.requests[0].body == body


@pytest.mark.parametrize("callers", [("a", "b"), ("a", "a")], ids=["of-another-caller", "of-the-same-caller"])
def test_a_small_batch_does_not_wait_behind_a_large_one(
    core: FakeCore, open_transport: Callable[..., Transport], callers: Sequence[str]
) -> None:
    core.default = (wait(0.005), action())
    transport = open_transport(core.url, some_limits(connections=2))
    large = transport.send_many(prepare(core.url, range(200)), flow(caller=callers[0]))
    next(large)

    small = list(transport.send_many(prepare(core.url, [1000, 1001]), flow(caller=callers[1])))

    assert len(small) == 2
    assert len(core.requests) < 30
    assert len(list(large)) == 199


def test_a_batch_at_its_own_bound_waits_for_nobody_but_itself(core: FakeCore, transport: Transport) -> None:
    core.default = (wait(0.02), action())

    waits = [transport.backlog() for _ in transport.send_many(prepare(core.url, range(4)), flow(concurrency=1))]

    assert waits[0][0] >= 1
    assert {age for _, age in waits} == {0.0}


def test_a_refused_connection_is_certainly_not_sent(open_transport: Callable[..., Transport]) -> None:
    with refusing() as url:
        transport = open_transport(url)

        results = [call(transport, url), transport.ping()]

    reason = f"ECONNREFUSED, {url.removeprefix('http://').removesuffix('/core')}"
    assert [(type(result), result.reason) for result in results] == [(Unreachable, reason)] * 2


def test_a_core_that_drops_connections_is_given_up_in_time_and_certainly_not_sent(
    open_transport: Callable[..., Transport],
) -> None:
    with black_hole() as url:
        transport = open_transport(url, some_limits(connect_seconds=0.2, attempt_seconds=60.0))

        result = call(transport, url)

        assert (type(result), result.cut_short) == (Unreachable, False)
        assert type(transport.ping()) is Unreachable


def test_the_deadline_ends_connecting_too(open_transport: Callable[..., Transport]) -> None:
    with black_hole() as url:
        transport = open_transport(url, some_limits(connect_seconds=60.0, attempt_seconds=60.0))

        [(_, result)] = transport.send_many(prepare(url, [1]), flow(deadline=Deadline(0.2)))

        assert (type(result), result.cut_short) == (Unreachable, True)


def test_a_core_that_closes_after_each_answer_without_a_word_loses_nothing(
    core: FakeCore, open_transport: Callable[..., Transport]
) -> None:
    core.default = (action(), close())
    transport = open_transport(core.url, some_limits(connections=16))

    results = [
        result
        for batch in range(10)
        for _, result in transport.send_many(prepare(core.url, range(batch * 50, batch * 50 + 50)), flow(concurrency=8))
    ]

    assert Counter(type(result).__name__ for result in results if isinstance(result, CoreError)) == {}
    assert len(results) == len(core.requests) == 500


def test_a_core_that_begins_to_close_after_each_answer_gets_new_connections_until_it_keeps_them_again(
    core: FakeCore, open_transport: Callable[..., Transport]
) -> None:
    transport = open_transport(core.url, some_limits(connections=4))
    for action_id in range(3):
        call(transport, core.url, action_id)
    core.default = (action(), close())
    call(transport, core.url, 3)
    core.wait_until_idle()

    results = [call(transport, core.url, action_id) for action_id in range(4, 24)]

    assert [id_of(result) for result in results] == list(range(4, 24))
    assert core.connections == 21
