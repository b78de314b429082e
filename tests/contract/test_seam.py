"""What every transport promises at its seam (``legacy_client/transport/base.py``), whatever it is made of."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from requests import Response

from legacy_client.errors import CircuitOpen, Stopped, TimedOut, Unsendable
from tests.doubles.core_parts import some_limits
from tests.doubles.gates import NotingGate
from tests.doubles.stages import ALL, id_of, open_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import PreparedRequest

    from legacy_client.deadline import StopReason
    from tests.doubles.stages import Stage

pytestmark = pytest.mark.parametrize("kind", ALL)


class Asked:
    """Requests that note how many were asked for; the one at ``fault_at`` cannot be made."""

    def __init__(self, requests: list[PreparedRequest], fault_at: int | None = None) -> None:
        self._requests = requests
        self._fault_at = fault_at
        self.asked = 0

    def __len__(self) -> int:
        return len(self._requests)

    def __getitem__(self, index: int, /) -> PreparedRequest:
        self.asked += 1
        if index == self._fault_at:
            raise Unsendable("planted")
        return self._requests[index]


@pytest.fixture
def stage(kind: str) -> Iterator[Stage]:
    with open_stage(kind) as opened:
        yield opened


def test_each_request_gets_its_own_answer_exactly_once(stage: Stage) -> None:
    results = list(stage.send(100))

    assert sorted((index, id_of(result)) for index, result in results) == [(i, i) for i in range(100)]


def test_no_requests_give_no_results(stage: Stage) -> None:
    assert list(stage.send(0)) == []


def test_a_request_is_asked_for_once_and_only_when_there_is_room_for_it(stage: Stage) -> None:
    requests = Asked(stage.prepare(20))
    ahead = [requests.asked - len(stage.seen()) for _ in stage.transport.send_many(requests, stage.flow(concurrency=3))]

    assert requests.asked == 20
    assert max(ahead) <= 3


def test_a_request_that_cannot_be_made_is_its_own_error_and_is_not_sent(stage: Stage) -> None:
    requests = Asked(stage.prepare(9), fault_at=4)

    results = dict(stage.transport.send_many(requests, stage.flow()))

    assert [type(results[i]) is Unsendable for i in range(9)] == [i == 4 for i in range(9)]
    assert 4 not in stage.seen()


def test_what_was_prepared_is_what_the_core_gets(stage: Stage) -> None:
    list(stage.send(1))

    [(path, headers)] = stage.seen_requests()
    assert path == "/core/actions/0"
    assert headers["accept"] == "application/vnd.core.v1+json"
    assert headers["content-type"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert headers["idempotency-key"] == "key-0"
    assert headers["content-length"] == "11"


def test_the_core_is_told_the_milliseconds_left(stage: Stage) -> None:
    list(stage.send(1, stage.flow(item_seconds=2.0)))

    [(_, headers)] = stage.seen_requests()
    assert 0 < int(headers["x-request-timeout-ms"]) <= 2000


@pytest.mark.parametrize("name", ["X-Other-Ms", ""])
def test_the_header_for_the_time_left_is_a_setting(kind: str, name: str) -> None:
    with open_stage(kind, limits=some_limits(deadline_header=name)) as stage:
        list(stage.send(1))

        [(_, headers)] = stage.seen_requests()
    assert "x-request-timeout-ms" not in headers
    assert ("x-other-ms" in headers) == bool(name)


@pytest.mark.parametrize(("window", "concurrency"), [(1, 8), (2, 1), (3, 8), (20, 3), (1000, 8)])
def test_what_may_not_leave_yet_waits_until_results_are_taken(stage: Stage, window: int, concurrency: int) -> None:
    taken: list[int] = []
    for index, _ in stage.send(50, stage.flow(concurrency=concurrency, upto=lambda: len(taken) + window)):
        assert len(stage.seen()) <= len(taken) + window
        taken.append(index)

    assert sorted(stage.seen()) == list(range(50))


def test_a_batch_that_is_held_up_holds_up_no_other(stage: Stage) -> None:
    held = stage.send(50, stage.flow(upto=lambda: 1))

    assert next(held)[0] == 0
    assert len(list(stage.send(50))) == 50
    held.close()


def test_what_waits_to_leave_ends_with_its_deadline(stage: Stage) -> None:
    deadline = stage.deadline()
    results = stage.send(20, stage.flow(deadline, upto=lambda: 3))
    left = [next(results)[0] for _ in range(3)]
    deadline.cancel("journal_unavailable")

    assert sorted(left) == sorted(stage.seen()) == [0, 1, 2]
    assert {result.reason for _, result in results} == {"journal_unavailable"}


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_batch_has_no_more_in_flight_than_its_concurrency(kind: str, concurrency: int) -> None:
    with open_stage(kind, latency=0.02) as stage:
        list(stage.send(12, stage.flow(concurrency=concurrency)))

        assert stage.gate.most_in_flight == concurrency


def test_the_gate_bounds_what_is_in_flight(kind: str) -> None:
    with open_stage(kind, NotingGate(capacity=2), latency=0.02) as stage:
        list(stage.send(12))

        assert stage.gate.most_in_flight == 2


def test_the_gate_hears_the_end_of_all_that_it_let_through(stage: Stage) -> None:
    results = [result for _, result in stage.send(20)]

    assert stage.gate.let_through == 20
    assert stage.gate.in_flight == 0
    assert {id(result) for result in stage.gate.recorded} == {id(result) for result in results}


def test_what_the_gate_refuses_is_not_sent(kind: str) -> None:
    with open_stage(kind, NotingGate(open_for=5)) as stage:
        results = [result for _, result in stage.send(12)]

        assert sum(isinstance(result, CircuitOpen) for result in results) == 7
        assert len(stage.seen()) == 5
        assert stage.gate.in_flight == 0


@pytest.mark.parametrize("reason", ["client_gone", "shutting_down"])
def test_a_cancelled_batch_sends_nothing(stage: Stage, reason: StopReason) -> None:
    deadline = stage.deadline()
    deadline.cancel(reason)

    results = dict(stage.send(10, stage.flow(deadline)))

    assert [(type(result), result.reason) for result in results.values()] == [(Stopped, reason)] * 10
    assert stage.seen() == []


def test_a_batch_past_its_deadline_sends_nothing(stage: Stage) -> None:
    results = dict(stage.send(10, stage.flow(stage.deadline(0.0))))

    assert [(type(result), result.reason) for result in results.values()] == [(Stopped, "deadline")] * 10
    assert stage.seen() == []


def test_cancelling_midway_ends_what_is_in_flight_and_stops_the_rest(kind: str) -> None:
    with open_stage(kind, latency=0.02) as stage:
        deadline = stage.deadline()
        results = {}
        for index, result in stage.send(50, stage.flow(deadline, concurrency=2)):
            deadline.cancel("client_gone")
            results[index] = result

        answered = [index for index, result in results.items() if isinstance(result, Response)]
        assert sorted(results) == list(range(50))
        assert sorted(answered) == sorted(stage.seen())
        assert len(answered) < 10


def test_when_time_runs_out_the_unsent_are_stopped_and_those_in_flight_timed_out(kind: str) -> None:
    with open_stage(kind, latency=30.0) as stage:
        results = dict(stage.send(10, stage.flow(stage.deadline(0.3), concurrency=2)))

    kinds = [type(results[index]) for index in range(10)]
    assert kinds == [TimedOut] * 2 + [Stopped] * 8


def test_an_attempt_ends_when_the_time_of_its_item_is_over(kind: str) -> None:
    with open_stage(kind, latency=30.0) as stage:
        [(_, result)] = stage.send(1, stage.flow(item_seconds=0.2))

    assert isinstance(result, TimedOut)


def test_an_attempt_ends_at_the_limit_of_the_transport(kind: str) -> None:
    with open_stage(kind, limits=some_limits(attempt_seconds=0.2), latency=30.0) as stage:
        [(_, result)] = stage.send(1)

    assert isinstance(result, TimedOut)


@pytest.mark.parametrize(("batch_seconds", "item_seconds"), [(0.2, 30.0), (30.0, 0.2)], ids=["batch", "item"])
def test_an_attempt_that_its_batch_or_item_had_no_more_time_for_says_so(
    kind: str, batch_seconds: float, item_seconds: float
) -> None:
    with open_stage(kind, latency=30.0) as stage:
        [(_, result)] = stage.send(1, stage.flow(stage.deadline(batch_seconds), item_seconds=item_seconds))

    assert (type(result), result.cut_short) == (TimedOut, True)


def test_an_attempt_that_had_all_the_time_of_one_does_not_say_that_it_was_cut_short(kind: str) -> None:
    with open_stage(kind, limits=some_limits(attempt_seconds=0.2), latency=30.0) as stage:
        [(_, result)] = stage.send(1)

    assert (type(result), result.cut_short) == (TimedOut, False)


def test_closing_the_iterator_stops_what_was_not_sent(kind: str) -> None:
    with open_stage(kind, latency=0.02) as stage:
        sending = stage.send(50, stage.flow(concurrency=2))
        next(sending)
        sending.close()
        list(stage.send(1))

        assert len(stage.seen()) < 10
        assert stage.transport.backlog() == (0, 0.0)


def test_nothing_waits_when_nothing_is_sent(stage: Stage) -> None:
    assert stage.transport.backlog() == (0, 0.0)


def test_what_waits_for_its_turn_is_counted(kind: str) -> None:
    with open_stage(kind, NotingGate(capacity=1), latency=0.02) as stage:
        waiting = [stage.transport.backlog() for _ in stage.send(10)]

    assert waiting[0][0] in (8, 9)
    assert waiting[0][1] > 0
    assert waiting[-1] == (0, 0.0)


def test_a_reachable_core_answers_the_ping(stage: Stage) -> None:
    assert stage.transport.ping() is None
    assert stage.seen() == []


def test_a_closed_transport_sends_nothing(stage: Stage) -> None:
    stage.transport.close()

    [(_, result)] = stage.send(1)

    assert isinstance(result, Stopped)
    assert stage.seen() == []


def test_the_time_in_which_the_core_answers_is_told(kind: str) -> None:
    with open_stage(kind, latency=0.1) as stage:
        flow = stage.flow(concurrency=4)
        began = time.monotonic()
        assert len(list(stage.send(8, flow))) == 8

    assert flow.waits.answers > 0.15
    assert kind == "memory" or flow.waits.turns + flow.waits.answers <= time.monotonic() - began


def test_the_time_in_which_there_is_no_turn_is_told_apart(kind: str) -> None:
    if kind == "memory":
        pytest.skip("its batches take no turns")
    with open_stage(kind, NotingGate(capacity=1), latency=0.1) as stage:
        flow = stage.flow(concurrency=4)
        assert len(list(stage.send(4, flow))) == 4

    # Three of four calls wait for the one before.
    assert flow.waits.turns > 0.25
