"""What a chunk's run writes, and what stands where a write is lost."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.admission.idempotency.keeping import Keeper
from gateway.jobs.run_chunk import run_chunk
from legacy_client import errors as core
from tests.doubles.chunk_runs import BUSY, Core, LosesAnswers, Recording, run_next, services
from tests.doubles.job_worlds import all_results, started
from tests.doubles.rules import claim_policy


def test_a_first_mark_that_may_have_been_written_is_taken_back(jobs, chunks):
    started(jobs, [1, 2])
    lease = chunks.next_chunk("w")
    keeper = Keeper(pause_seconds=0.01)
    fake = Core()
    with pytest.raises(StoreUnavailable):
        run_chunk(services(LosesAnswers(chunks, at=1), fake, keeper=keeper), lease)
    keeper.close()

    again = chunks.next_chunk("w")

    assert fake.sent == []
    assert (list(again.events), again.attempts) == ([], 1)


def test_writes_whose_answers_are_lost_are_counted_once_and_nothing_is_left_out(jobs, chunks):
    job = started(jobs, range(1, 41))
    lease = chunks.next_chunk("w")
    keeper = Keeper(pause_seconds=0.01)
    fake = Core()

    run_chunk(services(LosesAnswers(chunks, at=0), fake, keeper=keeper), lease)
    keeper.close()
    chunks.sweep()

    assert jobs.get("p", job.id).counts.applied == len(fake.sent) == 40
    assert all_results(jobs, job) == [(index, "applied") for index in range(40)]
    assert jobs.get("p", job.id).state == "succeeded"


def test_a_store_that_cannot_be_had_raises_and_sends_nothing(jobs, chunks):
    started(jobs, [1])
    lease = chunks.next_chunk("w")

    class Away:
        def write(self, *_):
            raise StoreUnavailable("away")

        undo = write

    fake, keeper = Core(), Keeper()
    with pytest.raises(StoreUnavailable):
        run_chunk(services(Away(), fake, keeper=keeper), lease)
    keeper.close()

    assert fake.sent == []


def test_what_is_published_is_not_kept_in_the_journal_too(jobs, chunks):
    started(jobs, range(1, 9))
    recording = Recording(chunks)

    run_chunk(services(recording, Core({"3": core.NotFound(404)})), chunks.next_chunk("w"))

    assert [json.loads(event) for events in recording.events for event in events] == [
        {"sent": [0, 4]},
        {"sent": [4, 6]},
        {"sent": [6, 8]},
    ]


def test_one_mark_does_for_a_chunk_whose_calls_may_be_repeated(jobs, chunks):
    job = started(jobs, range(1, 101))
    recording = Recording(chunks)
    policy = claim_policy(window=500, in_flight=2, lease_seconds=45.0, repeats_unknown=True)

    run_chunk(services(recording, Core(), policy=policy), chunks.next_chunk("w"))

    assert recording.events == [[b'{"sent":[0,100]}'], []]
    assert jobs.get("p", job.id).counts.applied == 100


def test_a_chunk_of_which_a_kill_left_only_the_mark_is_sent_again_with_the_same_keys(jobs, chunks, world):
    job = started(jobs, range(1, 101))
    policy = claim_policy(window=500, in_flight=2, lease_seconds=45.0, repeats_unknown=True)
    fake = Core()
    with pytest.raises(SystemExit):
        run_chunk(services(Recording(chunks, dies_at=2), fake, policy=policy), chunks.next_chunk("w"))
    assert (len(fake.sent), jobs.get("p", job.id).counts.settled) == (100, 0)
    world.pass_time(46)

    run_chunk(services(chunks, fake, policy=policy), chunks.next_chunk("w"))

    assert fake.keys[100:] == fake.keys[:100]
    assert jobs.get("p", job.id).counts.applied == 100
    assert all_results(jobs, job) == [(index, "applied") for index in range(100)]


def test_what_is_open_stays_in_the_journal(jobs, chunks):
    started(jobs, [1, 2])
    recording = Recording(chunks)

    run_chunk(services(recording, Core({"2": BUSY})), chunks.next_chunk("w"))

    told = [json.loads(event) for events in recording.events for event in events]
    assert [event["places"][0][:2] for event in told if "places" in event] == [[1, "open"]]


@pytest.mark.parametrize("repeats_unknown", [False, True])
def test_what_was_published_before_a_kill_is_neither_sent_nor_told_again(jobs, chunks, world, repeats_unknown):
    job = started(jobs, range(1, 13))
    fake = Core({"1": core.NotFound(404), "2": core.TimedOut("no answer")})
    with pytest.raises(SystemExit):
        run_chunk(services(Recording(chunks, dies_at=4), fake, repeats_unknown=repeats_unknown), chunks.next_chunk("w"))
    published = jobs.get("p", job.id).counts.settled
    world.pass_time(46)
    before, fake.answers = list(fake.sent), {}

    run_next(chunks, fake, repeats_unknown=repeats_unknown)

    again = fake.sent[len(before) :]
    ended = jobs.get("p", job.id)
    assert published
    # The core knows the keys of what is sent again; else what was marked is in doubt, sent or not.
    assert set(again) & set(before) <= ({"2", *before[published:]} if repeats_unknown else set())
    assert len({*before, *again}) == 12 - (0 if repeats_unknown else ended.counts.unknown - 1 - len(before[published:]))
    assert (ended.counts.settled, ended.counts.failed) == (12, 1)
    assert sorted(index for index, _ in all_results(jobs, job)) == list(range(12))


def test_results_that_cannot_be_read_again_end_as_unknown(jobs, chunks, world):
    job = started(jobs, range(1, 9))
    with pytest.raises(SystemExit):
        run_chunk(services(Recording(chunks, dies_at=3), Core()), chunks.next_chunk("w"))
    published = jobs.get("p", job.id).counts.settled
    world.pass_time(46)
    fake, lease = Core(), chunks.next_chunk("w")

    run_chunk(services(chunks, fake), replace(lease, published=[b"broken"]))

    ended = jobs.get("p", job.id)
    assert fake.sent == []
    assert (ended.counts.applied, ended.counts.unknown) == (published, 8 - published)
