"""What a batch writes down while it runs, over a record that may refuse."""

from __future__ import annotations

import json
import time

import pytest

from gateway.admission.idempotency.claim import Claim
from gateway.admission.idempotency.journal import Entry, replay
from tests.doubles.rules import claim_policy
from tests.unit.gateway.admission.idempotency.batches import POLICY, finals, in_doubt, marked


@pytest.mark.parametrize("items", [1, 7, 8, 9, 16, 17, 100])
def test_no_item_may_leave_before_it_is_marked_and_in_the_end_all_are(fresh, record, items):
    batch = fresh(items)

    for position in range(items):
        assert batch.claim.upto() > position
        assert position in marked(record)
        batch.end(position)

    assert marked(record) == list(range(items))


@pytest.mark.parametrize("window", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("in_flight", [1, 5, 32])
def test_a_crash_at_any_point_leaves_a_window_in_doubt_at_most(fresh, record, window, in_flight):
    batch = fresh(300, policy=claim_policy(window=window))
    sent = 0
    for ended in range(300):
        sent = max(sent, min(ended + in_flight, batch.claim.upto()))
        assert sent > ended, "nothing is in flight, so nothing more will ever end"
        assert len(in_doubt(record)) <= window
        batch.end(ended)

    assert len(in_doubt(record)) <= window


def test_sending_is_never_held_up_where_half_the_window_is_in_flight(fresh, record):
    batch = fresh(300, policy=claim_policy(window=64))

    for ended in range(268):
        assert batch.claim.upto() >= ended + 32
        batch.end(ended)


def test_outcomes_and_marks_go_in_the_same_writes(fresh, record):
    batch = fresh(1000, policy=claim_policy(window=64))
    batch.end(*range(1000))

    # 64 calls are marked by the claim. Each 32 results bring a mark of 32 more, until the last call is marked.
    assert record.calls == 30
    assert len(in_doubt(record)) == 40


def test_the_last_results_are_written_as_the_batch_ends(fresh, record):
    batch = fresh(100, policy=claim_policy(window=64))
    batch.end(*range(100))
    assert record.calls == 2

    batch.claim.finish()

    assert record.calls == 3
    assert [entry.state for entry in replay(record.events).values()] == ["final"] * 100


def test_a_result_is_written_in_time_though_every_call_is_marked(fresh, record, clock):
    batch = fresh(3, clock)
    batch.end(0)
    clock.advance(0.3)
    batch.end(1)

    assert [entry.state for entry in replay(record.events).values()] == ["final", "final", "unknown"]


def test_a_store_that_fails_for_a_moment_holds_the_batch_and_ends_it_not(fresh, record, clock):
    batch = fresh(80, clock)
    record.is_down = True
    batch.end(*range(7))
    clock.on_advance = lambda: setattr(record, "is_down", clock.now < 1.0)
    batch.end(*range(7, 80))
    batch.claim.finish()

    assert batch.stops == []
    assert [entry.state for entry in replay(record.events).values()] == ["final"] * 80


def test_where_a_mark_cannot_be_written_sending_stops_while_all_that_left_is_marked(fresh, record, clock):
    batch = fresh(80, clock)
    left = 0
    while not batch.stops:
        record.is_down = left > 20
        assert batch.claim.upto() > left
        batch.end(left)
        left += 1

    assert batch.stops == ["stop"]
    assert set(range(left)) <= set(marked(record))
    assert batch.claim.upto() == left
    assert 2.0 <= clock.now < 3.0
    record.is_down = False


def test_whoever_lost_the_key_sends_nothing_more_and_is_not_waited_for(fresh, record, clock):
    batch = fresh(80, clock)
    record.lost = True
    batch.end(0, 1, 2, 3)

    assert batch.stops == ["stop"]
    assert clock.now == 0


def test_nothing_is_marked_for_a_batch_that_sends_nothing_more(fresh, record):
    batch = fresh(80)
    batch.stops.append("the client has left")
    batch.claim.record([Entry(index, "open") for index in range(80)])
    batch.claim.finish()

    assert sorted(index for event in record.events for index in sent_in(event)) == list(range(8))


def sent_in(event):
    found = json.loads(event)
    return range(*found["sent"]) if "sent" in found else []


def test_what_is_tried_again_is_open_until_it_is_marked_anew(fresh, record):
    batch = fresh(20)
    for position in range(20):
        batch.claim.put_back(position, may_have_been_applied=False)
        assert len(in_doubt(record)) <= 8
    batch.claim.begin([3, 9, 15])

    assert batch.claim.upto() == 3
    assert in_doubt(record) == [3, 9, 15]
    batch.end(3, 9, 15)
    batch.claim.finish()
    assert [index for index, entry in replay(record.events).items() if entry.state == "final"] == [3, 9, 15]


def test_what_ended_without_leaving_is_in_no_doubt_although_a_mark_comes_later(fresh, record):
    batch = fresh(80)
    for index in range(3, 80):
        batch.claim.record([Entry(index, "open")])
        assert len(in_doubt(record)) <= 8
    batch.claim.finish()

    assert in_doubt(record) == [0, 1, 2]


def test_in_a_second_round_too_what_ended_without_leaving_is_in_no_doubt(fresh, record):
    batch = fresh(80)
    for position in range(80):
        batch.claim.put_back(position, may_have_been_applied=False)
    batch.claim.begin(range(80))
    batch.claim.record([Entry(index, "open") for index in range(3, 80)])
    batch.claim.finish()

    assert in_doubt(record) == [0, 1, 2]


def test_what_is_put_back_before_it_was_marked_is_in_doubt_once_it_may_leave(fresh, record):
    batch = fresh(80)
    for position in reversed(range(80)):
        batch.claim.put_back(position, may_have_been_applied=False)
    batch.claim.begin(range(80))

    assert batch.claim.upto() == 8
    assert in_doubt(record) == list(range(8))


def test_a_second_round_too_leaves_a_window_in_doubt_at_most(fresh, record):
    batch = fresh(100)
    for position in range(100):
        batch.claim.put_back(position, may_have_been_applied=False)
    batch.claim.begin(range(100))
    for position in range(100):
        assert batch.claim.upto() > position
        assert len(in_doubt(record)) <= 8
        batch.end(position)

    assert len(in_doubt(record)) <= 8


def test_what_may_have_been_applied_stays_in_doubt_while_it_is_tried_again(fresh, record):
    batch = fresh(3)
    batch.claim.put_back(0, may_have_been_applied=True)
    batch.claim.begin([0])
    batch.end(1)
    batch.claim.finish()

    assert replay(record.events)[0].state == "unknown"


def test_results_of_a_slow_batch_are_written_when_they_have_waited_long_enough(fresh, record, clock):
    batch = fresh(3, clock, claim_policy(window=64))
    batch.end(0)
    assert record.calls == 0
    clock.advance(0.3)
    batch.end(1)

    assert replay(record.events)[1].state == "final"


def test_nothing_is_written_for_nothing(fresh, record, clock):
    batch = fresh(3, clock)
    clock.advance(1)
    batch.claim.record([])

    assert record.calls == 0


def test_results_that_could_not_be_written_are_tried_again_but_not_for_each_item(fresh, record, clock):
    batch = fresh(20, clock)
    record.is_down = True
    batch.end(*range(6))
    assert record.calls == 1
    record.is_down = False
    clock.advance(0.3)
    batch.end(6)

    assert [entry.state for entry in replay(record.events).values()].count("final") == 7
    assert record.calls == 2


def test_a_batch_that_waits_for_the_core_holds_its_key(fresh, record, clock, keeper):
    fresh(3, clock)
    clock.advance(3.4)

    until(lambda: record.calls == 1)
    clock.advance(3.4)
    until(lambda: record.calls == 2)
    assert record.events == [POLICY.first_mark(3)]


def test_a_finish_that_fails_is_kept_and_written_when_the_store_is_back(fresh, record, keeper, caplog):
    batch = fresh(3, policy=claim_policy(window=64))
    batch.end(0, 1, 2)
    record.is_down = True
    batch.claim.finish()

    assert (batch.claim.is_kept, keeper.waiting) == (False, 1)
    record.is_down = False
    # The keeper's thread tells it once nothing waits any more.
    until(lambda: "idempotency_finish_kept" in caplog.messages)
    assert keeper.waiting == 0
    assert record.closed is True
    assert [entry.state for entry in replay(record.events).values()] == ["final"] * 3
    assert caplog.messages == ["idempotency_finish_waits", "idempotency_finish_kept"]


def test_what_could_not_be_taken_back_is_taken_back_when_the_store_is_back(fresh, record, keeper):
    batch = fresh(3)
    record.base = 0
    record.is_down = True
    batch.claim.abandon()
    record.is_down = False

    until(lambda: keeper.waiting == 0)
    assert record.events == []


def test_a_record_that_another_holds_is_given_up_and_said_to_be_not_kept(fresh, record, keeper, caplog):
    batch = fresh(3, policy=claim_policy(window=64))
    batch.end(0, 1, 2)
    record.lost = True
    batch.claim.finish()

    assert (batch.claim.is_kept, keeper.waiting) == (False, 0)
    assert caplog.messages == ["idempotency_finish_failed"]


def until(condition):
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.001)


@pytest.mark.parametrize(
    ("entries", "complete"),
    [(finals(0, 1, 2), True), (finals(0, 1), False), ([*finals(0, 1), Entry(2, "open")], False)],
)
def test_a_record_is_complete_when_every_item_is_final(fresh, record, entries, complete):
    claim = fresh(3).claim
    claim.record(entries)
    claim.finish()

    assert claim.is_final is complete

    assert record.closed is complete


def test_large_payloads_are_written_a_few_at_a_time_and_others_run_in_between(record, keeper):
    turns = []
    policy = claim_policy(window=64)
    record.events.append(policy.first_mark(64))
    claim = Claim(
        record, {}, items=64, prefix="x", policy=policy, keeper=keeper, let_others_run=lambda: turns.append("turn")
    )
    claim.begin(range(64))
    for index in range(64):
        claim.record([Entry(index, "final", b"1" * 100_000)])
    claim.finish()

    assert max(map(len, record.events)) < 400_000
    assert len(turns) == 21
    assert len(replay(record.events)) == 64


def test_what_is_marked_is_not_marked_again(fresh, record):
    claim = fresh(16).claim

    assert claim.sent_upto(8)
    assert record.calls == 0
    assert claim.sent_upto(16)
    assert claim.sent_upto(16)
    assert record.calls == 1
