"""One contract for every store of jobs: which chunk is whose, and for how long."""

from __future__ import annotations

import pytest

from gateway.admission.idempotency.errors import LeaseLost
from gateway.jobs.chunk import Ending, Part, unpack
from gateway.jobs.job import NewJob
from gateway.jobs.packing import unpacked
from tests.doubles.job_worlds import APPLIED, calls, failed, run, run_all, settled, started

MANY = range(2400)


def test_a_chunk_has_all_that_its_run_needs(jobs, chunks):
    job = started(jobs, ["first"], MANY, principal="p", request_id="r", traceparent="t")
    chunks.next_chunk("w")
    chunks.next_chunk("w")

    lease = chunks.next_chunk("w")

    assert (lease.job_id, lease.principal, lease.resource) == (job.id, "p", "things")
    assert (lease.request_id, lease.traceparent) == ("r", "t")
    assert (lease.first_index, lease.items, lease.all_items) == (1001, 1000, 1000)
    assert (lease.events, lease.settled, lease.attempts) == ([], 0, 1)
    assert unpack(lease.calls) == calls(*range(1000, 2000))


def test_a_chunk_has_the_trace_of_its_part_and_else_of_its_job(jobs, chunks):
    job, _ = jobs.create("p", NewJob(resource="things", traceparent="of the job"))
    jobs.put_part("p", job.id, Part(1, "digest", "of the part"), calls(*range(1200)))
    jobs.put_part("p", job.id, Part(2, "digest"), calls(1200))
    jobs.start("p", job.id, 2)

    traces = [chunks.next_chunk("w").traceparent for _ in range(3)]

    assert traces == ["of the part", "of the part", "of the job"]


def test_chunks_are_handed_out_in_the_order_of_the_parts_whatever_came_first(jobs, chunks):
    started(jobs, [1, 2], [3], range(10, 1800))

    leases = [chunks.next_chunk("w") for _ in range(4)]

    assert [(lease.first_index, lease.items) for lease in leases] == [(0, 2), (2, 1), (3, 1000), (1003, 790)]
    assert chunks.next_chunk("w") is None


def test_no_chunk_is_in_two_hands(jobs, chunks, world):
    started(jobs, [1])
    _, others = world.open()

    assert chunks.next_chunk("w")
    assert others.next_chunk("v") is None


def test_nothing_is_due_before_the_start(jobs, chunks):
    jobs.create("p", NewJob(resource="things"))

    assert chunks.next_chunk("w") is None


def test_principals_take_turns_whatever_the_size_of_their_jobs(jobs, chunks):
    started(jobs, MANY, principal="large")
    started(jobs, [1], principal="small")

    assert [chunks.next_chunk("w").principal for _ in range(4)] == ["large", "small", "large", "large"]


def test_a_job_of_one_chunk_ends_within_two_rounds_beside_one_of_a_thousand(jobs, chunks):
    large = started(jobs, *([item_id] for item_id in range(1000)), principal="large")
    run(chunks, chunks.next_chunk("w"))
    small = started(jobs, [1], principal="small")

    rounds = 0
    while jobs.get("small", small.id).is_live:
        run(chunks, chunks.next_chunk("w"))
        rounds += 1

    assert rounds <= 2
    assert jobs.get("large", large.id).counts.unprocessed > 990


def test_the_jobs_of_a_principal_take_turns_too(jobs, chunks):
    long = started(jobs, MANY)
    short = started(jobs, [1])

    assert [chunks.next_chunk("w").job_id for _ in range(3)] == [long.id, short.id, long.id]


def test_a_principal_with_two_jobs_has_no_more_turns_than_one_with_one(jobs, chunks):
    for _ in range(2):
        started(jobs, MANY, principal="p")
    started(jobs, MANY, principal="q")

    assert [chunks.next_chunk("w").principal for _ in range(6)] == ["p", "q"] * 3


def test_a_chunk_whose_worker_died_comes_before_a_fresh_one(jobs, chunks, world):
    started(jobs, MANY)
    dead = chunks.next_chunk("dead")
    world.pass_time(44)
    assert chunks.next_chunk("w").first_index == 1000
    world.pass_time(2)

    again = chunks.next_chunk("w")

    assert (again.chunk, again.attempts) == (dead.chunk, 2)
    assert again.owner != dead.owner


def test_each_write_and_each_renewal_prolongs_the_lease(jobs, chunks, world):
    started(jobs, [1, 2])
    lease = chunks.next_chunk("w")
    for prolong in (lambda: chunks.write(lease, [b"event"]), lambda: chunks.renew(lease)):
        world.pass_time(40)
        prolong()
    world.pass_time(40)

    assert chunks.next_chunk("v") is None


def test_who_lost_a_lease_can_write_nothing(jobs, chunks, world):
    job = started(jobs, [1, 2])
    lost = chunks.next_chunk("w")
    world.pass_time(46)
    chunks.next_chunk("v")

    for attempt in (
        lambda: chunks.write(lost, [b"event"], settled(lost, {0: APPLIED})),
        lambda: chunks.write(lost, [], None, Ending(is_done=True)),
        lambda: chunks.renew(lost),
        lambda: chunks.undo(lost, Ending()),
    ):
        with pytest.raises(LeaseLost):
            attempt()
    assert jobs.get("p", job.id).counts.settled == 0


def test_who_has_lost_a_lease_to_nobody_yet_can_go_on(jobs, chunks, world):
    started(jobs, [1])
    lease = chunks.next_chunk("w")
    world.pass_time(46)

    chunks.renew(lease)

    assert chunks.next_chunk("v") is None


def test_the_next_run_gets_the_journal_of_the_earlier_ones(jobs, chunks, world):
    started(jobs, [1, 2])
    first = chunks.next_chunk("w")
    chunks.write(first, [b"a", b"b"], settled(first, {0: APPLIED}))
    world.pass_time(46)

    again = chunks.next_chunk("v")

    assert (list(again.events), again.settled) == ([b"a", b"b"], 0b1)
    [result] = again.published
    assert unpacked(result) == (
        b'{"index":0,"part":1,"line":1,"actionId":"1","outcome":"applied","action":{"done":true}}\n'
    )


def test_a_run_that_sent_nothing_leaves_the_journal_as_it_was(jobs, chunks):
    started(jobs, [1, 2])
    first = chunks.next_chunk("w")
    chunks.write(first, [b"a"], None, Ending())
    second = chunks.next_chunk("w")
    chunks.write(second, [b"b"])

    chunks.undo(second, Ending(is_excused=True))

    third = chunks.next_chunk("w")
    assert (list(third.events), third.attempts) == ([b"a"], 2)


def test_a_chunk_that_is_given_back_is_due_when_its_time_has_come(jobs, chunks, world):
    started(jobs, [1])
    lease = chunks.next_chunk("w")

    chunks.write(lease, [], None, Ending(wait_seconds=3))

    assert chunks.next_chunk("w") is None
    world.pass_time(3)
    assert chunks.next_chunk("w").chunk == lease.chunk


def test_a_job_waits_as_a_whole_where_the_core_does_not_keep_up(jobs, chunks, world):
    started(jobs, MANY, principal="slow")
    lease = chunks.next_chunk("w")
    chunks.write(lease, [], None, Ending(job_wait_seconds=10))
    started(jobs, [1], principal="other")

    assert chunks.next_chunk("w").principal == "other"
    assert chunks.next_chunk("w") is None
    world.pass_time(10)
    assert chunks.next_chunk("w").principal == "slow"


def test_attempts_without_progress_are_counted_and_progress_begins_anew(jobs, chunks):
    started(jobs, [1, 2])
    for attempt in (1, 2, 3):
        lease = chunks.next_chunk("w")
        assert lease.attempts == attempt
        chunks.write(lease, [], None, Ending())
    fourth = chunks.next_chunk("w")
    chunks.write(fourth, [], settled(fourth, {0: APPLIED}), Ending())

    assert chunks.next_chunk("w").attempts == 1


def test_a_hindered_run_is_no_attempt(jobs, chunks):
    started(jobs, [1])
    for _ in range(9):
        lease = chunks.next_chunk("w")
        chunks.write(lease, [], None, Ending(is_excused=True))

    assert chunks.next_chunk("w").attempts == 1


def test_a_sixth_attempt_is_worn_out(jobs, chunks, world):
    started(jobs, [1])
    seen = []
    for _ in range(6):
        seen.append(chunks.next_chunk("w").is_worn_out)
        world.pass_time(46)

    assert seen == [False] * 5 + [True]


def test_a_done_chunk_is_never_handed_out_again(jobs, chunks, world):
    job = started(jobs, MANY)

    assert run_all(chunks) == 3
    world.pass_time(100)

    assert chunks.next_chunk("w") is None
    assert jobs.get("p", job.id).state == "succeeded"


def test_the_end_of_a_run_can_be_written_twice(jobs, chunks):
    job = started(jobs, [1, 2])
    lease = chunks.next_chunk("w")
    last = settled(lease, {0: APPLIED, 1: failed("rejected")})

    for _ in range(2):
        chunks.write(lease, [b"event"], last, Ending(is_done=True))

    assert (jobs.get("p", job.id).counts.applied, jobs.get("p", job.id).counts.failed) == (1, 1)


def test_a_write_whose_answer_was_lost_counts_once(jobs, chunks):
    job = started(jobs, [1, 2])
    lease = chunks.next_chunk("w")
    first = settled(lease, {0: APPLIED})

    for _ in range(2):
        chunks.write(lease, [b"event"], first)

    assert jobs.get("p", job.id).counts.applied == 1
    assert len(jobs.results("p", job.id).lines) == 1


def test_a_paused_job_hands_out_nothing_and_goes_on_where_it_was(jobs, chunks):
    job = started(jobs, MANY)
    run(chunks, chunks.next_chunk("w"))
    jobs.pause("p", job.id)

    assert chunks.next_chunk("w") is None
    jobs.resume("p", job.id)

    assert chunks.next_chunk("w").first_index == 1000


def test_permits_are_taken_one_at_a_time(chunks):
    chunks.ring(2)
    chunks.ring(1)

    assert chunks.permits() == 3
    assert [chunks.take_permit() for _ in range(4)] == [True, True, True, False]
    assert chunks.permits() == 0


def test_workers_are_alive_for_as_long_as_they_say_so(chunks, world):
    chunks.beat("a")
    world.pass_time(50)
    chunks.beat("b")

    assert chunks.workers(60) == 2
    world.pass_time(20)
    assert chunks.workers(60) == 1
    chunks.rest("b")
    assert chunks.workers(60) == 0


def test_of_all_who_ask_within_five_seconds_one_sweeps(chunks, world):
    _, others = world.open()

    assert (chunks.elect(5), others.elect(5), chunks.elect(5)) == (True, False, False)
    world.pass_time(4)
    assert not others.elect(5)
    world.pass_time(1)
    assert (others.elect(5), chunks.elect(5)) == (True, False)


def test_the_gauges_show_what_waits_and_for_how_long(jobs, chunks, world):
    started(jobs, MANY)
    world.pass_time(30)
    before = chunks.gauges()
    chunks.next_chunk("w")
    world.pass_time(7)
    after = chunks.gauges()

    assert (before.jobs, before.chunks_due, before.chunks_leased, before.oldest_due_seconds) == (
        {"queued": 1},
        3,
        0,
        30,
    )
    assert (before.without_progress_seconds, after.without_progress_seconds) == (30, 37)
    assert (after.jobs, after.chunks_due, after.chunks_leased, after.oldest_due_seconds) == ({"running": 1}, 2, 1, 7)
    assert before.used_bytes > 0


def test_a_job_whose_chunks_are_put_back_again_and_again_is_seen_to_make_no_progress(jobs, chunks, world):
    stands, goes_on = started(jobs, range(1200)), started(jobs, MANY, principal="q")
    for _ in range(4):
        world.pass_time(5)
        for _ in range(2):
            lease = chunks.next_chunk("w")
            if lease.job_id == stands.id:
                chunks.undo(lease, Ending(job_wait_seconds=5, is_excused=True))
            else:
                chunks.write(lease, [], settled(lease, {len(bin(lease.settled)) - 2: APPLIED}), Ending())

    gauges = chunks.gauges()

    assert (gauges.oldest_due_seconds, gauges.without_progress_seconds) == (0, 20)
    since = [jobs.get(None, job.id).without_progress_since for job in (stands, goes_on)]
    assert since[1] - since[0] == pytest.approx(20)


def test_what_an_item_settled_or_a_pause_held_up_counts_as_no_time_without_progress(jobs, chunks, world):
    job = started(jobs, range(1200))
    world.pass_time(7)
    lease = chunks.next_chunk("w")
    assert chunks.gauges().without_progress_seconds == 7
    chunks.write(lease, [], settled(lease, {0: APPLIED}), Ending())
    assert chunks.gauges().without_progress_seconds == 0
    world.pass_time(3)
    assert chunks.gauges().without_progress_seconds == 3

    jobs.pause("p", job.id)
    world.pass_time(3600)
    assert (chunks.gauges().without_progress_seconds, jobs.get("p", job.id).without_progress_since) == (0, None)
    jobs.resume("p", job.id)
    world.pass_time(2)

    assert chunks.gauges().without_progress_seconds == 2


def test_the_gauges_count_items_over_all_jobs_and_forget_none(jobs, chunks):
    job = started(jobs, range(4))
    lease = chunks.next_chunk("w")
    outcomes = {0: APPLIED, 1: APPLIED, 2: failed("rejected"), 3: failed("core_timeout")}
    chunks.write(lease, [], settled(lease, outcomes), Ending(is_done=True))
    started(jobs, [1], principal="q")
    run_all(chunks)
    jobs.remove("p", job.id)
    while chunks.sweep():
        pass

    assert chunks.gauges().items == {"applied": 3, "failed": 1, "unknown": 1}


def test_a_clock_that_is_set_back_holds_nothing_up_longer_than_it_would_wait(jobs, chunks, world):
    job = started(jobs, range(500), [777])
    busy, open_chunk = chunks.next_chunk("w"), chunks.next_chunk("w")
    chunks.undo(busy, Ending(wait_seconds=30))
    chunks.undo(open_chunk, Ending(job_wait_seconds=60))

    world.pass_time(-3600)

    assert chunks.gauges().chunks_due == 2
    assert [chunks.next_chunk("w").first_index for _ in range(2)] == [0, 500]
    assert jobs.get("p", job.id).state == "running"
