"""A chunk's run over the embedded store: what is settled, what stays open, and when it is due again."""

from __future__ import annotations

import json

import pytest

from gateway.item_codes import Applied
from gateway.jobs.chunk import Ending
from gateway.jobs.run_chunk import run_chunk
from legacy_client import errors as core
from tests.doubles.chunk_runs import BUSY, Core, run_next, services
from tests.doubles.job_worlds import all_results, started
from tests.doubles.rules import claim_policy


def test_a_chunk_is_run_as_a_batch_and_its_outcomes_are_the_jobs_results(jobs, chunks):
    job = started(jobs, range(1, 8))
    fake = Core({"3": core.NotFound(404), "5": core.TimedOut("no answer")})

    run_next(chunks, fake)

    ended = jobs.get("p", job.id)
    assert fake.sent == ["1", "2", "3", "4", "5", "6", "7"]
    assert (ended.state, ended.counts.applied, ended.counts.failed, ended.counts.unknown) == ("partial", 5, 1, 1)
    assert {each.code: each.first_index for each in ended.errors_by_code} == {"not_found": 2, "core_timeout": 4}
    lines = {line.index: line.outcome for line in jobs.results("p", job.id).lines}
    assert json.loads(lines[0]) == {"actionId": "1"}
    assert (lines[2].code, lines[4].outcome) == ("not_found", Applied.UNKNOWN)


def test_a_run_is_a_line_of_the_log_and_a_failed_item_has_one_with_its_place_in_the_job(jobs, chunks, caplog):
    caplog.set_level("INFO")
    job = started(jobs, range(1, 5), [7, 8, 9])
    run_next(chunks, Core())
    caplog.clear()

    run_next(chunks, Core({"8": core.NotFound(404), "9": core.BadAnswer("no JSON")}))

    lines = [vars(record) for record in caplog.records]
    items = [(line["message"], line["job"], line["index"], line["item_id"]) for line in lines[:-1]]
    assert items == [("item_failed", job.id, 5, "8"), ("item_failed", job.id, 6, "9")]
    assert {name: lines[-1][name] for name in ("message", "job", "first_index", "items", "succeeded", "codes")} == {
        "message": "chunk_ended",
        "job": job.id,
        "first_index": 4,
        "items": 3,
        "succeeded": 1,
        "codes": "core_bad_answer:1,not_found:1",
    }
    assert lines[-1]["principal_id"] == "p"


def test_the_keys_of_items_are_of_principal_and_job_and_stay_over_runs(jobs, chunks, world):
    started(jobs, [1, 2])
    fake = Core({"2": BUSY})
    run_next(chunks, fake)
    world.pass_time(7)
    run_next(chunks, fake)
    other = Core()
    started(jobs, [1])
    run_next(chunks, other)

    assert fake.sent == ["1", "2", "2"]
    assert fake.keys[1] == fake.keys[2]
    assert other.keys[0] != fake.keys[0]


def test_a_busy_core_makes_the_whole_job_wait_and_costs_no_attempt(jobs, chunks, world):
    job = started(jobs, range(500), [777])
    fake = Core(dict.fromkeys(map(str, range(500)), BUSY))

    for _ in range(8):
        lease = run_next(chunks, fake)
        assert (lease.first_index, lease.attempts) == (0, 1)
        assert chunks.next_chunk("v") is None
        world.pass_time(7)
    fake.answers = {}
    run_next(chunks, fake)
    run_next(chunks, fake)

    assert jobs.get("p", job.id).state == "succeeded"


@pytest.mark.parametrize(
    "error", [core.CircuitOpen(), core.Unreachable("no connection")], ids=["circuit", "unreachable"]
)
def test_a_core_that_cannot_be_asked_makes_the_job_wait_too(jobs, chunks, world, error):
    job = started(jobs, [1])
    run_next(chunks, Core({"1": error}))

    assert run_next(chunks, Core()) is None
    world.pass_time(5)
    assert run_next(chunks, Core()).attempts == 1
    assert jobs.get("p", job.id).counts.applied == 1


def test_a_run_that_was_killed_leaves_only_what_was_marked_in_doubt(jobs, chunks, world):
    job = started(jobs, range(1, 21))

    def killed(item_id, context):
        if item_id == "7":
            raise SystemExit

    with pytest.raises(SystemExit):
        _run_without_its_end(chunks, Core(before_each=killed))
    world.pass_time(46)
    fake = Core()
    run_next(chunks, fake)

    ended = jobs.get("p", job.id)
    assert not set(fake.sent) & {"1", "2", "3", "4", "5", "6"}
    assert ended.counts.unknown <= 8
    assert ended.counts.applied + ended.counts.unknown == 20
    assert {index for index, _ in all_results(jobs, job)} == set(range(20))


def _run_without_its_end(chunks, fake):
    """As a worker that is killed: its last writes never come."""
    lease = chunks.next_chunk("w")

    class Dead:
        def __init__(self):
            self.is_dead = False

        def __getattr__(self, name):
            return getattr(chunks, name)

        def write(self, lease, events, settled=None, ending=None):
            if ending is None:
                chunks.write(lease, events, settled)

        def undo(self, lease, ending):
            pass

    run_chunk(services(Dead(), fake), lease)


def test_unknown_items_are_sent_again_only_where_the_core_honours_keys(jobs, chunks, world):
    job = started(jobs, [1, 2])
    fake = Core({"2": core.TimedOut("no answer")})
    run_next(chunks, fake, repeats_unknown=True)
    assert jobs.get("p", job.id).counts.unprocessed == 1
    world.pass_time(60)
    fake.answers = {}
    run_next(chunks, fake, repeats_unknown=True)

    assert fake.sent == ["1", "2", "2"]
    assert jobs.get("p", job.id).state == "succeeded"


def test_a_chunk_that_five_runs_brought_no_further_is_abandoned_and_the_job_goes_on(jobs, chunks, world, caplog):
    caplog.set_level("WARNING", "gateway")
    job = started(jobs, range(1, 501), [777])
    for _ in range(5):
        lease = chunks.next_chunk("crashes")
        assert lease.first_index == 0
        world.pass_time(46)
    fake = Core()

    run_next(chunks, fake)
    run_next(chunks, fake)

    ended = jobs.get("p", job.id)
    assert fake.sent == ["777"]
    assert (ended.state, ended.counts.applied, ended.counts.failed) == ("partial", 1, 500)
    assert [(each.code, each.count) for each in ended.errors_by_code] == [("chunk_abandoned", 500)]
    assert jobs.results("p", job.id).lines[0].outcome.outcome is Applied.NOT_SENT
    assert [record.message for record in caplog.records] == ["chunk_abandoned"]


def test_what_was_marked_in_an_abandoned_chunk_is_unknown(jobs, chunks, world):
    job = started(jobs, range(1, 11))
    first = chunks.next_chunk("crashes")
    chunks.write(first, [claim_policy(window=4).first_mark(10)])
    for _ in range(5):
        world.pass_time(46)
        chunks.next_chunk("crashes")
    world.pass_time(46)

    run_next(chunks, Core())

    counts = jobs.get("p", job.id).counts
    assert (counts.unknown, counts.failed) == (4, 6)


@pytest.mark.parametrize("has_resource", [True, False], ids=["", "of a resource that no worker has"])
def test_what_a_dead_worker_had_marked_is_unknown_in_a_job_that_was_cancelled(jobs, chunks, world, has_resource):
    job = started(jobs, range(1, 11))
    chunks.write(chunks.next_chunk("dead"), [claim_policy(window=4).first_mark(10)])
    jobs.cancel("p", job.id)
    world.pass_time(46)
    fake = Core()

    run_next(chunks, fake, **({} if has_resource else {"resources": {}}))

    ended = jobs.get("p", job.id)
    assert fake.sent == []
    assert ended.counts.unknown == 4
    assert (ended.state, ended.counts.unprocessed) == (("cancelled", 6) if has_resource else ("failed", 0))


def test_an_abandoned_item_keeps_the_last_that_the_core_said_of_it(jobs, chunks, world):
    job = started(jobs, [1, 2])
    fake = Core({"2": core.ServerFailed(500, atomic=True)})
    for _ in range(7):
        run_next(chunks, fake)
        world.pass_time(60)

    [line] = jobs.results("p", job.id, outcome="failed").lines
    assert (line.outcome.code, line.outcome.outcome) == ("core_error", Applied.NOT_APPLIED)
    assert fake.sent == ["1"] + ["2"] * 6


def test_a_journal_that_cannot_be_read_makes_its_items_unknown(jobs, chunks):
    job = started(jobs, [1, 2])
    lease = chunks.next_chunk("w")
    chunks.write(lease, [b"no event"], None, Ending())
    fake = Core()

    run_next(chunks, fake)

    assert fake.sent == []
    assert jobs.get("p", job.id).counts.unknown == 2


@pytest.mark.parametrize(("ask", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_a_pause_or_a_cancel_reaches_a_run_within_its_looks(jobs, chunks, ask, state):
    job = started(jobs, range(1, 21))

    def at_the_third(item_id, context):
        if item_id == "3":
            getattr(jobs, ask)("p", job.id)
            context.deadline.watch(context.deadline._look, 0)

    fake = Core(before_each=at_the_third)
    run_next(chunks, fake)

    found = jobs.get("p", job.id)
    assert fake.sent == ["1", "2", "3"]
    assert (found.state, found.counts.applied, found.counts.unprocessed) == (state, 3, 17)


def test_a_run_ends_when_its_worker_is_to_stop_and_the_rest_is_due_at_once(jobs, chunks):
    job = started(jobs, range(1, 6))
    fake = Core()
    run_next(chunks, fake, is_stopping=lambda: len(fake.sent) >= 0)

    assert fake.sent == []
    assert run_next(chunks, fake).attempts == 1
    assert jobs.get("p", job.id).state == "succeeded"


def test_a_run_that_has_had_its_time_gives_the_rest_back(jobs, chunks):
    job = started(jobs, range(1, 6))

    def ends_the_time(item_id, context):
        if item_id == "2":
            context.deadline.at = 0

    run_next(chunks, Core(before_each=ends_the_time))
    assert jobs.get("p", job.id).counts.applied == 2
    assert run_next(chunks, Core()).attempts == 1
    assert jobs.get("p", job.id).state == "succeeded"


def test_the_first_items_are_run_alone_and_the_rest_after_the_pause(jobs, chunks):
    job = started(jobs, range(1, 9), pause_after=3)
    fake = Core()
    run_next(chunks, fake)
    assert (fake.sent, jobs.get("p", job.id).state) == (["1", "2", "3"], "paused")

    jobs.resume("p", job.id)
    run_next(chunks, fake)

    assert fake.sent == [str(number) for number in range(1, 9)]
    assert jobs.get("p", job.id).state == "succeeded"


def test_a_chunk_of_which_all_was_told_but_its_end_is_ended_without_a_call(jobs, chunks, world):
    job = started(jobs, [1, 2, 3])
    _run_without_its_end(chunks, Core())
    world.pass_time(46)
    fake = Core()

    run_next(chunks, fake)

    assert jobs.get("p", job.id).counts.settled == 3
    assert not jobs.get("p", job.id).is_live
