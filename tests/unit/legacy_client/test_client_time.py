"""How long a batch waits for the core: `Retry-After`, the deadline, an item's own time, a cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from legacy_client.errors import (
    Busy,
    Stopped,
    TimedOut,
    Unreachable,
)
from legacy_client.operations import UPDATE_ACTION
from legacy_client.transport.memory import answer
from tests.unit.legacy_client.contexts import Core, busy, updated, updates

if TYPE_CHECKING:
    import pytest


def test_retry_after_is_waited_for_once_by_all_of_the_round() -> None:
    script = {i: [busy(str(i)), updated(i)] for i in range(4)}
    core = Core(script)

    core.update(4)

    [waited] = core.waited
    assert 3.0 <= waited <= 3.05


def test_an_item_that_must_wait_longer_than_there_is_time_ends_at_once() -> None:
    script = {0: [busy("3600")], 1: [busy("1"), updated(1)]}
    core = Core(script)
    results = core.client.send(UPDATE_ACTION, updates(2), core.context())

    (first, error), waited_by_then = next(results), list(core.waited)

    assert (first, waited_by_then) == (0, [])
    assert isinstance(error, Busy)
    assert error.retry_after == 3600.0
    assert list(results) == [(1, {"id": 1, "state": 2})]


def test_the_wait_leaves_time_to_send() -> None:
    core = Core({0: [busy("2")]})

    results = core.update(1, core.context(seconds=2.0))

    assert isinstance(results[0], Busy)
    assert core.waited == []


def test_no_wait_is_begun_whose_jitter_leaves_no_time() -> None:
    core = Core({0: [busy("1")]}, base_seconds=1.0)

    results = core.update(1, core.context(seconds=1.000001))

    assert isinstance(results[0], Busy)
    assert core.waited == []


def test_what_is_final_is_yielded_before_the_retries() -> None:
    core = Core({0: [busy("1"), updated(0)]})
    order = []

    for index, _ in core.client.send(UPDATE_ACTION, updates(3), core.context()):
        order.append((index, core.attempts.get(0)))

    assert order == [(1, 1), (2, 1), (0, 2)]


def test_a_cancel_while_waiting_ends_the_batch_with_what_is_known() -> None:
    core = Core({0: [busy("1"), updated(0)], 1: [Unreachable()]})
    core.on_pause = lambda deadline: deadline.cancel("client_gone")

    results = core.update(2)

    assert [type(results[i]) for i in range(2)] == [Busy, Unreachable]
    assert core.attempts == {0: 1, 1: 1}


def test_a_cancel_before_the_start_sends_nothing() -> None:
    core = Core()
    context = core.context()
    context.deadline.cancel("shutting_down")

    results = core.update(3, context)

    assert [result.reason for result in results.values() if isinstance(result, Stopped)] == ["shutting_down"] * 3


def test_an_attempt_gets_no_more_time_than_its_item_has_left() -> None:
    core = Core(latency=lambda _request: 4.0, honours_idempotency=True, item_seconds=6.0, base_seconds=0.0)
    core.script = {0: [answer(500)]}

    results = core.update(1)

    milliseconds = [int(request.headers["X-Request-Timeout-Ms"]) for request in core.transport.seen]
    assert milliseconds == [5000, 2000]
    assert isinstance(results[0], TimedOut)


def test_the_waits_count_against_the_time_of_the_item() -> None:
    core = Core({0: [busy("4")]}, item_seconds=10.0, base_seconds=0.0)

    core.update(1)

    assert core.waited == [4.0, 4.0]
    assert core.attempts == {0: 3}


def test_the_time_of_an_item_ends_its_retries() -> None:
    core = Core({0: [busy("4")]}, item_seconds=7.0, base_seconds=0.0)

    core.update(1)

    assert (core.waited, core.attempts) == ([4.0], {0: 2})


def test_time_spent_waiting_for_a_turn_is_not_the_items() -> None:
    core = Core(latency=lambda _request: 1.0, item_seconds=5.0, base_seconds=0.0, attempt_seconds=1.0)
    core.script = {0: [answer(503), updated(0)]}

    results = core.update(20, core.context(concurrency=1))

    assert results[0] == {"id": 0, "state": 2}


def test_the_share_of_a_caller_goes_on_to_the_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core()
    flows = []
    send_many = core.transport.send_many
    monkeypatch.setattr(
        core.transport, "send_many", lambda requests, flow: (flows.append(flow), send_many(requests, flow))[1]
    )

    core.update(2, core.context(caller="acme", most_in_flight=3))

    assert [(flow.caller, flow.most_in_flight) for flow in flows] == [("acme", 3)]
