"""For any mix of results of the core: one final result per call, and no more than is safe is ever sent."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from legacy_client.errors import (
    BadAnswer,
    BrokenOff,
    CircuitOpen,
    CoreError,
    NotSent,
    Stopped,
    TimedOut,
    Unreachable,
    Untrusted,
)
from legacy_client.transport.memory import answer
from tests.doubles.core_parts import some_budget, some_reader
from tests.unit.legacy_client.contexts import Core, id_of, updated

if TYPE_CHECKING:
    from requests import PreparedRequest

RESULTS = st.sampled_from(
    [
        "ok", answer(204), answer(200, b"<html>"), answer(302), answer(400), answer(401), answer(404), answer(409),
        answer(429), answer(500), answer(503, Retry_After="0"), answer(503, Retry_After="2"),
        answer(503, Retry_After="3600"), Unreachable(), Untrusted(), CircuitOpen(), TimedOut(), BrokenOff(),
        BadAnswer(), Stopped("shutting_down"),
    ]
)  # fmt: skip


@settings(max_examples=250)
@given(
    script=st.lists(st.lists(RESULTS, min_size=1, max_size=4), min_size=1, max_size=12),
    latencies=st.lists(st.sampled_from([0.0, 0.1, 2.0, 30.0]), min_size=1, max_size=4),
    attempts=st.integers(1, 5),
    honours=st.booleans(),
    atomic=st.booleans(),
    seconds=st.sampled_from([0.0, 1.0, 6.0, 25.0]),
    item_seconds=st.sampled_from([1.0, 6.0, 15.0]),
    concurrency=st.integers(1, 8),
    floor=st.integers(0, 20),
)
def test_whatever_the_core_does(
    script: list[list[object]],
    latencies: list[float],
    attempts: int,
    honours: bool,
    atomic: bool,
    seconds: float,
    item_seconds: float,
    concurrency: int,
    floor: int,
) -> None:
    budget = some_budget(ratio=0.1, floor=floor)
    core = Core(
        {i: [updated(i) if result == "ok" else result for result in results] for i, results in enumerate(script)},
        latency=lambda request: latencies[id_of(request) % len(latencies)],
        attempts=attempts,
        budget=budget,
        honours_idempotency=honours,
        atomic_errors=atomic,
        item_seconds=item_seconds,
    )
    heard = watch(core)
    began = core.clock()

    results = core.update(len(script), core.context(seconds, concurrency=concurrency))

    assert core.clock() - began <= seconds
    assert len(core.transport.seen) <= len(script) + max(floor, 0.1 * len(script))
    for index, result in results.items():
        attempted = heard[index]
        assert len(attempted) <= attempts
        assert honours or not any(uncertain(each, atomic, index) for each in attempted[:-1])
        check_truth(result, attempted, atomic, index)


def watch(core: Core) -> dict[int, list[object]]:
    """What came of each attempt of each action, timeouts included."""
    heard: dict[int, list[object]] = defaultdict(list)
    send_many = core.transport.send_many

    def watched(requests: list[PreparedRequest], flow: object) -> object:
        for position, result in send_many(requests, flow):
            if not isinstance(result, Stopped) or requests[position] in core.transport.seen:
                heard[id_of(requests[position])].append(result)
            yield position, result

    core.transport.send_many = watched
    return heard


def uncertain(result: object, atomic: bool, index: int) -> bool:
    read = some_reader(atomic_errors=atomic, max_answer_bytes=10_000).read
    error = result if isinstance(result, CoreError) else read(result, index)
    return isinstance(error, CoreError) and error.may_have_been_applied


def check_truth(result: object, attempted: list[object], atomic: bool, index: int) -> None:
    """The final result says no less than what the attempts leave open, and no more than they show."""
    if isinstance(result, dict):
        assert getattr(attempted[-1], "status_code", None) in (200, 204)
    elif result.may_have_been_applied:
        assert any(uncertain(each, atomic, index) for each in attempted)
    elif isinstance(result, NotSent):
        assert all(isinstance(each, NotSent) for each in attempted)
    elif any(uncertain(each, atomic, index) for each in attempted):
        assert attempted[-1].status_code in (400, 404)
