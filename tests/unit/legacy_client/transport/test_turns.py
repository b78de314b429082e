from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from legacy_client.deadline import Deadline
from legacy_client.transport.base import Flow
from legacy_client.transport.turns import Batch, Turns


def batch(count: int, owner: str = "", concurrency: int = 1000) -> Batch:
    flow = Flow(deadline=Deadline(60.0), concurrency=concurrency, owner=owner)
    return Batch([None] * count, flow, 0.0, lambda _batch: None)


def take(turns: Turns) -> Batch | None:
    chosen = turns.next()
    if chosen is not None:
        chosen.sent += 1
        chosen.in_flight += 1
        if not chosen.unsent():
            turns.leave(chosen)
    return chosen


def queued(*batches: Batch) -> Turns:
    turns = Turns()
    for each in batches:
        turns.enter(each)
    return turns


def test_nobody_has_a_turn_where_nobody_waits() -> None:
    assert Turns().next() is None


def test_the_batches_of_an_owner_take_turns() -> None:
    large, small = batch(100), batch(3)
    turns = queued(large, small)

    assert [take(turns) for _ in range(8)] == [large, small, large, small, large, small, large, large]


def test_an_owner_with_many_batches_has_no_more_turns_than_one_with_few() -> None:
    many = [batch(10, "many") for _ in range(5)]
    few = batch(10, "few")
    turns = queued(*many, few)

    owners = [chosen.flow.owner for _ in range(10) if (chosen := take(turns))]

    assert owners == ["many", "few"] * 5


def test_a_batch_at_its_own_bound_is_passed_over() -> None:
    bounded, other = batch(10, concurrency=2), batch(10)
    turns = queued(bounded, other)

    chosen = [take(turns) for _ in range(6)]
    bounded.in_flight -= 1

    assert chosen.count(bounded) == 2
    assert take(turns) is bounded


def test_nobody_has_a_turn_when_all_are_at_their_bounds() -> None:
    turns = queued(batch(10, "a", concurrency=1), batch(10, "b", concurrency=1))

    assert [take(turns) is None for _ in range(3)] == [False, False, True]


def test_a_batch_that_left_has_no_turn() -> None:
    gone, stays = batch(10), batch(10)
    turns = queued(gone, stays)

    turns.leave(gone)
    turns.leave(gone)

    assert list(turns) == [stays]
    assert take(turns) is stays


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from("abc")), min_size=1, max_size=10))
def test_owners_who_wait_are_never_more_than_one_turn_apart(sizes: list[tuple[int, str]]) -> None:
    batches = [batch(count, owner) for count, owner in sizes]
    turns = queued(*batches)
    served = dict.fromkeys({owner for _, owner in sizes}, 0)

    while (chosen := take(turns)) is not None:
        served[chosen.flow.owner] += 1
        waiting = {each.flow.owner for each in turns}
        assert max((served[owner] for owner in waiting), default=0) - min(served[o] for o in waiting or served) <= 1

    assert [each.unsent() for each in batches] == [0] * len(batches)
