from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from legacy_client.call_context import Waits
from legacy_client.deadline import Deadline
from legacy_client.transport.flow import Flow
from legacy_client.transport.turns import Batch, Turns, backlog


def batch(count: int, caller: str = "", concurrency: int = 1000) -> Batch:
    flow = Flow(deadline=Deadline(60.0), concurrency=concurrency, caller=caller)
    return Batch([None] * count, flow, 0.0)


def queued(*batches: Batch) -> Turns:
    turns = Turns()
    for each in batches:
        turns.enter(each)
        turns.offer(each, 0.0)
    return turns


def take(turns: Turns) -> Batch | None:
    """One turn: an item of the batch goes under way, and the batch queues again if it may."""
    chosen = turns.take(0.0)
    if chosen is not None:
        chosen.take()
        chosen.in_flight += 1
        turns.offer(chosen, 1.0)
    return chosen


def end(turns: Turns, each: Batch) -> None:
    each.in_flight -= 1
    turns.offer(each, 2.0)


def test_nobody_has_a_turn_where_nobody_waits() -> None:
    assert Turns().take(0.0) is None


def test_the_batches_of_an_owner_take_turns() -> None:
    large, small = batch(100), batch(3)
    turns = queued(large, small)

    assert [take(turns) for _ in range(8)] == [large, small, large, small, large, small, large, large]


def test_an_owner_with_many_batches_has_no_more_turns_than_one_with_few() -> None:
    many, few = [batch(10, "many") for _ in range(5)], batch(10, "few")
    turns = queued(*many, few)

    assert [chosen.caller for _ in range(10) if (chosen := take(turns))] == ["many", "few"] * 5


def test_the_items_of_a_batch_go_in_order() -> None:
    only = batch(3)

    assert [only.take() for _ in range(3)] == [0, 1, 2]


def test_a_batch_at_its_own_bound_does_not_queue_until_one_of_its_items_ends() -> None:
    bounded, other = batch(10, concurrency=2), batch(10)
    turns = queued(bounded, other)

    assert [take(turns) for _ in range(6)].count(bounded) == 2
    assert bounded.queued_at is None

    end(turns, bounded)

    assert [take(turns), take(turns)] == [other, bounded]


def test_a_batch_queues_once_however_often_it_is_offered() -> None:
    only = batch(2)
    turns = queued(only)
    turns.offer(only, 5.0)

    assert [turns.take(0.0), turns.take(0.0)] == [only, None]


def test_a_batch_without_unsent_items_has_no_turn() -> None:
    gone, stays = batch(10), batch(10)
    turns = queued(gone, stays)

    gone.drop()

    assert [take(turns), take(turns)] == [stays, stays]


def test_an_owner_who_comes_back_starts_behind_the_others() -> None:
    first, other = batch(1, "a"), batch(10, "b")
    turns = queued(first, other)
    take(turns)
    again = batch(10, "a")
    turns.enter(again)
    turns.offer(again, 1.0)

    assert [take(turns) for _ in range(4)] == [other, again, other, again]


def test_what_waits_is_what_is_unsent_and_its_age_is_the_longest_wait_for_a_turn() -> None:
    bounded, other, done = batch(10, concurrency=1), batch(3), batch(1)
    turns = queued(bounded, other, done)
    everyone = [bounded, other, done]

    assert backlog(everyone, 5.0) == (14, 5.0)
    assert [take(turns) for _ in range(3)] == everyone
    assert backlog(everyone, 5.0) == (11, 4.0)
    other.drop()
    # What is left waits for its own batch, and for nobody else.
    assert backlog(everyone, 5.0) == (9, 0.0)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from("abc"), st.integers(1, 5)), min_size=1, max_size=10))
def test_owners_who_may_send_are_never_more_than_one_turn_apart(shapes: list[tuple[int, str, int]]) -> None:
    batches = [batch(count, caller) for count, caller, _ in shapes]
    turns = queued(*batches)
    served = dict.fromkeys({caller for _, caller, _ in shapes}, 0)

    while (chosen := take(turns)) is not None:
        served[chosen.caller] += 1
        waiting = {each.caller for each in batches if each.unsent}
        assert max((served[caller] for caller in waiting), default=0) - min(served[o] for o in waiting or served) <= 1

    assert [each.unsent for each in batches] == [0] * len(batches)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(1, 20), st.sampled_from("abc"), st.integers(1, 5)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_every_item_is_sent_under_the_bound_of_its_batch_whatever_ends_when(shapes, random) -> None:
    batches = [batch(count, caller, concurrency) for count, caller, concurrency in shapes]
    turns = queued(*batches)

    while any(each.unsent or each.in_flight for each in batches):
        chosen = take(turns) if random.random() < 0.5 else None
        assert chosen is None or chosen.in_flight <= chosen.concurrency
        under_way = [each for each in batches if each.in_flight]
        if chosen is None and under_way:
            end(turns, random.choice(under_way))


def shared(count: int, caller: str, most: int) -> Batch:
    flow = Flow(deadline=Deadline(60.0), concurrency=1000, caller=caller, most_in_flight=most)
    return Batch([None] * count, flow, 0.0)


def test_an_owner_with_a_share_has_no_more_calls_in_flight_over_all_its_batches() -> None:
    mine, other = [shared(10, "mine", 3) for _ in range(2)], batch(20, "other")
    turns = queued(*mine, other)

    owners = [chosen.caller for _ in range(20) if (chosen := take(turns))]

    assert owners.count("mine") == sum(each.in_flight for each in mine) == 3
    assert owners.count("other") == 17


def test_with_each_call_that_ends_it_has_another_turn_and_all_its_items_are_sent() -> None:
    first, second = shared(5, "mine", 2), shared(5, "mine", 2)
    turns = queued(first, second)
    sent = []
    while chosen := take(turns):
        sent.append(chosen)
        while not turns_are_left(turns) and any(each.in_flight for each in (first, second)):
            end(turns, next(each for each in (first, second) if each.in_flight))

    assert (len(sent), first.unsent, second.unsent) == (10, 0, 0)


def turns_are_left(turns: Turns) -> bool:
    return any(not lane.is_full() for lane in turns._rotation)


def test_what_waits_for_its_own_share_holds_no_turn_up() -> None:
    mine = shared(10, "mine", 1)
    turns = queued(mine)
    take(turns)
    assert take(turns) is None

    assert backlog([mine], 100.0).seconds == 0
    end(turns, mine)
    assert take(turns) is mine


def told(each: Batch, now: float) -> tuple[float, float]:
    waits = Waits()
    each.tell(waits, now)
    return waits.turns, waits.answers


def test_the_time_without_a_turn_is_told_apart_from_that_without_an_answer() -> None:
    only = batch(2, concurrency=1)
    turns = Turns()
    turns.enter(only)
    turns.offer(only, 10.0)
    turns.take(13.0)
    only.take()
    only.in_flight += 1
    turns.offer(only, 13.0)
    only.idle = 8.0

    assert told(only, 18.0) == (3.0, 5.0)


def test_a_batch_that_ends_in_the_queue_waited_for_a_turn_until_then() -> None:
    only = batch(2)
    queued(only)
    only.idle = 4.0

    assert told(only, 4.0) == (4.0, 0.0)


def test_while_results_are_worked_on_nobody_waits_for_a_turn() -> None:
    only = batch(2)
    queued(only)
    only.idle = 1.0

    assert told(only, 4.0) == (1.0, 0.0)


def test_a_batch_is_held_where_no_more_may_leave_and_asks_no_sooner() -> None:
    allowed, asked = [2], []

    def upto() -> int:
        asked.append(allowed[0])
        return allowed[0]

    held = Batch([None] * 9, Flow(deadline=Deadline(60.0), concurrency=1000, upto=upto), 0.0)
    turns = queued(held)

    assert [take(turns) for _ in range(3)] == [held, held, None]
    allowed[0] = 9
    turns.offer(held, 3.0)
    assert [take(turns) for _ in range(8)] == [held] * 7 + [None]
    assert asked == [2, 2, 9]


def test_callers_who_come_again_keep_a_lane_of_their_own() -> None:
    turns = Turns()
    first, other, again, anew = batch(2, "one"), batch(2, "other"), batch(2, "one"), batch(2, "other")
    for each in (first, other, again, anew):
        turns.enter(each)

    assert first.lane is again.lane
    assert other.lane is anew.lane
    assert first.lane is not other.lane


def test_whether_somebody_waits_can_be_asked() -> None:
    turns = queued(batch(1))
    assert turns

    take(turns)

    assert not turns
