"""The core as a whole is slow, away or failing (``faults.md`` 5.1): how much of it the gateway shows, and how much it asks."""

from __future__ import annotations

import random
import select
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.doubles.broken_answers import HEAD
from tests.doubles.fake_core import (
    OK,
    FakeCore,
    Peer,
    PeerGone,
    action,
    answer,
    black_hole,
    close,
    hang,
    refusing,
    repeat,
    reset,
    send,
    wait,
)
from tests.faults.house import Gateway, eventually, new_ids, outcomes, succeeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.doubles.fake_core import Step

    MakeGateway = Callable[..., Gateway]

pytestmark = pytest.mark.e2e
SLACK = 2.0
MIB = 1_048_576


def ids(count: int) -> list[int]:
    return [next(new_ids) for _ in range(count)]


@pytest.fixture(scope="module")
def guarded_core() -> Iterator[FakeCore]:
    with FakeCore() as core:
        yield core


@pytest.fixture(scope="module")
def guarded(home, guarded_core: FakeCore) -> Iterator[Gateway]:
    """With its circuit and the usual retry budget, both of short memory; it knows that the core honours keys."""
    memory = {"CIRCUIT_WINDOW": "0.5", "CIRCUIT_OPEN": "0.3", "RETRY_BUDGET_WINDOW": "1"}
    usual = {"CIRCUIT_ENABLED": "true", "RETRY_BUDGET": "0.1", "RETRY_BUDGET_FLOOR": "3"}
    with Gateway(home, guarded_core.url, {**memory, **usual, "CORE_HONOURS_IDEMPOTENCY": "true"}) as gateway:
        yield gateway


@pytest.fixture
def calm(guarded: Gateway, guarded_core: FakeCore) -> Gateway:
    """The same, with its circuit closed and nothing in its memory."""
    guarded_core.forget()
    eventually(lambda: guarded.patch(*ids(5)).status == 200)
    forgotten = time.monotonic() + 1.1
    eventually(lambda: time.monotonic() > forgotten)
    guarded_core.forget()
    return guarded


def failing(status: int) -> tuple[Step, ...]:
    return (send(answer(status, {"message": "so"})),)


def test_a_slow_core_is_called_concurrently_and_never_beyond_the_bound(gateway: Gateway, core: FakeCore) -> None:
    core.default = (wait(0.2), action())
    began = time.monotonic()

    reply = gateway.patch(*ids(100))

    assert reply.status == 200
    assert time.monotonic() - began < 4 * 0.2 + SLACK
    assert core.most_in_flight == 32


def test_silence_holds_up_nothing_but_itself(gateway: Gateway, core: FakeCore) -> None:
    silent, healthy = ids(3), ids(60)
    for i in silent:
        core.script(f"/actions/{i}", (hang(),))
    began = time.monotonic()

    reply = gateway.patch(*silent, *healthy)

    assert succeeded(reply) == [str(i) for i in healthy]
    assert time.monotonic() - began < 1.0 + SLACK
    assert gateway.get("/readyz").json()["checks"]["core"]["in_flight"] == 0


def test_a_connection_whose_peer_vanished_is_given_up_and_not_used_again(gateway: Gateway, core: FakeCore) -> None:
    first, vanished, next_one = ids(3)
    core.script(f"/actions/{vanished}", (hang(),))
    gateway.patch(first)

    assert outcomes(gateway.patch(vanished)) == {str(vanished): ("core_timeout", "unknown")}
    assert gateway.patch(next_one).status == 200
    assert core.seen(f"/actions/{next_one}")[0].connection != core.seen(f"/actions/{vanished}")[0].connection


def test_a_core_that_takes_no_connection_was_sent_nothing(make_gateway: MakeGateway) -> None:
    batch = ids(10)
    with black_hole() as url:
        gateway = make_gateway(url)
        began = time.monotonic()
        reply = gateway.patch(*batch)

        assert reply.status == 503
        assert reply.headers["retry-after"]
        assert outcomes(reply) == {str(i): ("core_unreachable", "not_sent") for i in batch}
        assert time.monotonic() - began < 3 * 0.3 + SLACK
        assert gateway.attempts() == {"unreachable": 3 * len(batch)}


def test_a_core_that_refuses_connections_opens_the_circuit(make_gateway: MakeGateway) -> None:
    batch = ids(200)
    with refusing() as url:
        budget = {"RETRY_BUDGET": "0.1", "RETRY_BUDGET_FLOOR": "3"}
        gateway = make_gateway(url, CIRCUIT_ENABLED="true", BATCH_CONCURRENCY="8", **budget)
        reply = gateway.patch(*batch)

        assert reply.status == 503
        assert {code for code, _ in outcomes(reply).values()} == {"core_unreachable", "circuit_open"}
        assert {outcome for _, outcome in outcomes(reply).values()} == {"not_sent"}
        assert gateway.attempts()["unreachable"] <= 40
        assert gateway.get("/readyz").status == 503


def test_a_wait_that_the_core_asks_for_is_kept_by_all_items(gateway: Gateway, core: FakeCore) -> None:
    batch = ids(5)
    arrivals: list[float] = []
    note = lambda _peer: arrivals.append(time.monotonic())  # noqa: E731 -- a step of a script
    for i in batch:
        busy = (note, send(answer(429, {"message": "so"}, headers="Retry-After: 1\r\n")))
        core.script(f"/actions/{i}", busy, (note, action()))

    assert gateway.patch(*batch).status == 200
    assert len(arrivals) == 10
    assert arrivals[5] - arrivals[4] >= 0.95


def test_one_item_that_fails_is_not_the_failure_of_the_batch(gateway: Gateway, core: FakeCore) -> None:
    batch = ids(50)
    core.script(f"/actions/{batch[7]}", failing(500))

    reply = gateway.patch(*batch)

    assert reply.status == 207
    assert outcomes(reply) == {str(batch[7]): ("core_error", "unknown")}
    assert len(core.requests) == 50


def test_after_a_burst_of_refusals_work_goes_on_without_anybodys_help(calm: Gateway, guarded_core: FakeCore) -> None:
    guarded_core.default = failing(503)
    eventually(lambda: "circuit_open" in {code for code, _ in outcomes(calm.patch(*ids(30))).values()})
    asked = len(guarded_core.requests)
    during = calm.patch(*ids(30))
    assert during.status == 503
    assert len(guarded_core.requests) - asked <= 3

    guarded_core.default = OK
    healed_at = time.monotonic()
    eventually(lambda: calm.patch(*ids(30)).status == 200)

    assert time.monotonic() - healed_at < 1.0 + SLACK


def test_an_outage_is_not_multiplied(calm: Gateway, guarded_core: FakeCore) -> None:
    guarded_core.default = failing(500)
    sent, until = 0, time.monotonic() + 1.5
    while time.monotonic() < until:
        reply = calm.patch(*ids(40))
        sent += 40
        assert len(reply.json()["errors"]) == 40
        assert reply.status in (502, 503)

    assert len(guarded_core.requests) <= 1.1 * sent + 3
    assert calm.get("/livez").status == 200


def plan(batch: list[int], seed: int = 7) -> dict[int, list[bool]]:
    """Which of the three tries of each item fail, where a third of all calls does."""
    dice = random.Random(seed)
    return {i: [dice.random() < 0.3 for _ in range(3)] for i in batch}


def play(core: FakeCore, fails: dict[int, list[bool]]) -> None:
    for i, tries in fails.items():
        core.script(f"/actions/{i}", *(failing(500) if fail else OK for fail in tries))


def test_where_a_third_of_the_calls_fails_each_item_gets_its_three_tries(honouring: Gateway, core: FakeCore) -> None:
    fails = plan(ids(300))
    play(core, fails)

    reply = honouring.patch(*fails)

    assert set(outcomes(reply)) == {str(i) for i, tries in fails.items() if all(tries)}
    assert len(core.requests) == sum(
        ([*tries, False].index(False) + 1) if not all(tries) else 3 for tries in fails.values()
    )


def test_retries_keep_within_their_budget(calm: Gateway, guarded_core: FakeCore) -> None:
    fails = plan(ids(300))
    play(guarded_core, fails)

    reply = calm.patch(*fails)

    assert len(succeeded(reply)) + len(outcomes(reply)) == len(fails)
    assert len(guarded_core.requests) <= 1.1 * len(fails) + 3


def test_when_nothing_is_found_the_answer_is_a_404(gateway: Gateway, core: FakeCore) -> None:
    core.default = failing(404)

    assert gateway.patch(*ids(3)).status == 404
    assert len(core.requests) == 3


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_the_core_refuses_are_not_the_callers_fault(
    gateway: Gateway, core: FakeCore, status: int
) -> None:
    core.default = failing(status)

    reply = gateway.patch(*ids(3))

    assert reply.status == 502
    assert reply.json()["type"].endswith("core-misconfigured")
    assert len(core.requests) == 3


def close_at_rest(seconds: float) -> Step:
    """Close the connection unless the next request begins to arrive within this time, as a core with an idle limit does."""

    def step(peer: Peer) -> None:
        if not peer.buffered and not select.select([peer.sock], [], [], seconds)[0]:
            raise PeerGone

    return step


def test_connections_that_the_core_closed_at_rest_cost_nobody_an_error(make_gateway: MakeGateway) -> None:
    with FakeCore(default=(action(), close_at_rest(0.05))) as core:
        gateway = make_gateway(core.url)

        for _ in range(5):
            assert gateway.patch(*ids(40)).status == 200
            core.wait_until_idle()
        assert len(core.requests) == 200


def test_a_core_that_closes_after_each_answer_without_a_word_loses_nothing(make_gateway: MakeGateway) -> None:
    with FakeCore(default=(action(), close())) as core:
        gateway = make_gateway(core.url)

        assert [gateway.patch(*ids(100)).status for _ in range(10)] == [200] * 10
        assert len(core.requests) == 1000


def test_where_the_core_closes_just_as_we_send_it_is_asked_again_if_it_honours_keys(
    honouring: Gateway, core: FakeCore
) -> None:
    batch = ids(40)
    core.default = (action(), close_at_rest(0.001))
    for i in batch[::5]:
        core.script(f"/actions/{i}", (close(),), OK)

    replies = [honouring.patch(*batch), *(honouring.patch(*ids(40)) for _ in range(5))]

    assert [reply.status for reply in replies] == [200] * 6


def test_bytes_after_an_answer_never_become_the_next_items_answer(gateway: Gateway, core: FakeCore) -> None:
    batch = ids(20)
    core.default = (action(), send(answer(200, {"data": {"id": 1, "state": 9}})))

    reply = gateway.patch(*batch)

    assert reply.status == 200
    assert [action["status"] for action in reply.json()["data"]] == ["active"] * 20


def test_no_cookie_of_the_core_comes_back_to_it(gateway: Gateway, core: FakeCore) -> None:
    core.default = (send(answer(204, headers="Set-Cookie: who=another; Path=/\r\n")),)

    gateway.patch(*ids(5))
    gateway.patch(*ids(5))

    assert not any("cookie" in request.headers for request in core.requests)


def test_however_many_batches_there_are_connections_and_calls_stay_within_the_bound(
    make_gateway: MakeGateway, core: FakeCore
) -> None:
    # None rests too long.
    lasting = {"CORE_CONNECT_TIMEOUT": "10", "CORE_KEEPALIVE": "60"}
    gateway = make_gateway(core.url, CORE_CONCURRENCY="6", BATCH_DEADLINE="10", ITEM_DEADLINE="10", **lasting)
    core.default = (wait(0.01), action())
    with ExitStack() as stack:
        clients = [stack.enter_context(gateway.dial()).send(gateway.batch(*ids(30))) for _ in range(15)]
        answers = [client.read() for client in clients]

    assert [answer.status for answer in answers] == [200] * 15
    # Other gateways look at this core now and then, on connections of their own.
    used = {request.connection for request in core.requests}
    assert (core.most_in_flight, len(used)) == (6, 6)


def test_answers_without_end_do_not_grow_the_worker(gateway: Gateway, core: FakeCore) -> None:
    endless = (send(HEAD + b"Content-Length: 1073741824\r\n\r\n"), repeat(b"x" * 65_536))
    core.default = endless
    (worker,) = gateway.workers()
    gateway.patch(*ids(8))
    before = worker.memory_info().rss

    for _ in range(10):
        reply = gateway.patch(*ids(8))
        assert {code for code, _ in outcomes(reply).values()} == {"core_bad_answer"}

    # Of the 80 MiB that it read up to its limit it may keep what the largest batch held at once, some times over: on a
    # busy machine more of it stands at once in the buffers of its reads.
    assert worker.memory_info().rss - before < 3 * 8 * MIB


def test_latency_and_loss_cost_time_and_no_outcome(honouring: Gateway, core: FakeCore) -> None:
    dice, batch = random.Random(3), ids(200)
    for i in batch:
        lost, late = dice.random() < 0.02, dice.random() < 0.1
        core.script(f"/actions/{i}", *([(reset(),)] if lost else []), (wait(0.2 if late else 0.005), action()))

    control, weathered = honouring.patch(*ids(200)), honouring.patch(*batch)

    assert (control.status, weathered.status) == (200, 200)
