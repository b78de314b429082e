from __future__ import annotations

import itertools

from legacy_client.deadline import Deadline
from legacy_client.errors import Stopped
from legacy_client.transport.flow import Flow
from legacy_client.transport.hub.batch import Exchange, HubBatch


def batch(count: int) -> HubBatch:
    flow = Flow(deadline=Deadline(60.0), concurrency=8)
    return HubBatch([None] * count, flow, 5.0, now=0.0, run_soon=lambda call, *arguments: call(*arguments), clock=float)


def test_an_attempt_lasts_as_long_as_both_the_transport_and_the_flow_allow() -> None:
    flow = Flow(deadline=Deadline(60.0), concurrency=8, item_seconds=2.0)

    assert [HubBatch([], flow, most, now=0.0, run_soon=print, clock=float).attempt_seconds for most in (1.0, 5.0)] == [
        1.0,
        2.0,
    ]


def test_a_call_is_cut_short_by_a_bound_before_the_end_of_a_whole_attempt() -> None:
    one = batch(1)

    assert [one.cuts_short(Exchange(one, 0, 100.0, ends, None)) for ends in (104.9, 105.0)] == [True, False]


def test_stopping_ends_what_is_unsent_and_nothing_else() -> None:
    one = batch(4)
    one.take()
    one.in_flight += 1
    one.stop("deadline")
    one.in_flight -= 1
    one.put(0, Stopped("last"))

    results = dict(itertools.chain.from_iterable(one.chunks()))

    assert {index: result.reason for index, result in results.items()} == {
        0: "last",
        1: "deadline",
        2: "deadline",
        3: "deadline",
    }
