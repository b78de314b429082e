from __future__ import annotations

from legacy_client.deadline import Deadline
from legacy_client.transport.flow import Flow
from legacy_client.transport.memory import MemoryTransport, VirtualClock, answer
from tests.doubles.core_parts import some_limits
from tests.doubles.stages import prepare

LATENCY = {0: 3.0, 1: 1.0, 2: 2.0}
URL = "http://core.test"


def test_answers_come_in_the_order_in_which_they_are_ready() -> None:
    clock = VirtualClock()
    transport = MemoryTransport(
        lambda _request: answer(204),
        limits=some_limits(),
        latency=lambda request: LATENCY[int(request.path_url[-1])],
        clock=clock,
    )
    ready = []

    for index, _ in transport.send_many(prepare(URL, range(3)), Flow(deadline=Deadline(9.0, clock), concurrency=3)):
        ready.append((index, clock()))

    assert ready == [(1, 1.0), (2, 2.0), (0, 3.0)]


def test_time_never_runs_backwards() -> None:
    clock = VirtualClock(5.0)

    clock.advance(-1.0)

    assert clock() == 5.0


def test_an_answer_says_what_it_is() -> None:
    response = answer(503, b"{}", Retry_After="7")

    assert (response.status_code, response.content) == (503, b"{}")
    assert response.headers == {"Content-Type": "application/json", "Retry-After": "7"}
