"""How a job ends, what is retried of it, and what becomes of a run whose end is not waited for."""

from __future__ import annotations

import itertools
import json

import pytest

from cli.commands.summary import codes_of
from cli.connection import Answer
from cli.errors import NotAllowed, Refused
from cli.leavings import failed_rows
from cli.outcome import Counts
from cli.update import Wishes
from tests.doubles.fake_gateway import problem
from tests.unit.cli.items import ids
from tests.unit.cli.jobs.killing import killed_at_line

AS_JOB = Wishes(job=True)


def failed_in(update):
    return [(row.line, failure.code, failure.outcome) for row, failure in failed_rows(update.rows, update.journal.path)]


def test_a_cancelled_job_tells_which_rows_were_not_sent(world, jobs):
    jobs.hold = set(ids(9, 25))
    update = world.open(Wishes(job=True, follow=False))
    list(update.run.steps())
    assert (update.counts, update.run.is_ended) == (Counts(applied=8), False)
    world.close()
    jobs.job("DELETE", "/J1")

    update = world.send()

    assert update.counts == Counts(applied=8, failed=17)
    assert failed_in(update) == [(number + 1, "unprocessed", "not_sent") for number in range(9, 26)]
    assert codes_of(update.journal) == ({"unprocessed": 17}, 17)
    assert not update.run.is_ended


def test_what_a_job_leaves_as_retryable_is_retried_by_the_next_run_under_its_place_in_the_file(world, jobs):
    world.gateway.busy = {"3": 2, "14": 1}
    world.gateway.codes = {"7": "not_found"}
    first = world.send(AS_JOB)
    assert first.counts == Counts(applied=22, failed=3)
    assert codes_of(first.journal) == ({"core_busy": 2, "not_found": 1}, 2)
    assert not first.run.is_ended
    world.close()

    second = world.send(AS_JOB)

    assert second.counts == Counts(applied=23, failed=2)
    assert failed_in(second) == [(4, "core_busy", "not_applied"), (8, "not_found", "not_applied")]
    assert not second.run.is_ended
    world.close()

    third = world.send(AS_JOB)

    assert third.counts == Counts(applied=24, failed=1)
    assert failed_in(third) == [(8, "not_found", "not_applied")]
    assert third.journal.state.ended
    assert sorted(world.gateway.applied, key=int) == [number for number in ids(1, 25) if number != "7"]
    assert [job.retry_of for job in jobs.jobs.values()] == [None, "J1", "J2"]


@pytest.mark.parametrize("is_written", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("line", range(1, 5))
def test_a_retry_that_is_killed_goes_on_as_the_same_job(world, jobs, monkeypatch, line, is_written):
    world.gateway.busy = {"3": 1, "14": 1}
    world.send(AS_JOB)
    world.close()
    with killed_at_line(monkeypatch, line, is_written=is_written):
        world.send()
    world.close()

    update = world.send()

    assert update.counts == Counts(applied=25)
    assert update.journal.state.ended
    assert sorted(world.gateway.applied, key=int) == ids(1, 25)
    assert len(jobs.jobs) == 2


@pytest.mark.parametrize("answer", [problem("job-nothing-to-retry", 409), problem("job-not-found", 404)])
def test_what_cannot_be_retried_after_all_is_final(world, jobs, answer):
    world.gateway.busy = {"3": 9}
    world.send(AS_JOB)
    world.close()
    jobs.moods = [(*answer, {})]

    update = world.send()

    assert update.counts == Counts(applied=24, failed=1)
    assert [(row.line, failure.retryable) for row, failure in failed_rows(update.rows, update.journal.path)] == [
        (4, False)
    ]
    assert update.journal.state.ended


def test_a_started_job_that_is_gone_leaves_what_it_did_not_tell_unknown(world, jobs):
    jobs.hold = set(ids(9, 25))
    world.send(Wishes(job=True, follow=False))
    world.close()
    del jobs.jobs["J1"]

    update = world.send()

    assert update.counts == Counts(applied=8, unknown=17)
    assert [line for line, _, _ in failed_in(update)] == list(range(10, 27))
    assert codes_of(update.journal) == ({"no_answer": 17}, 0)
    assert update.run.is_ended


def test_a_start_is_enough_where_no_end_is_waited_for(world, jobs):
    jobs.hold = set(ids(1, 25))

    update = world.send(Wishes(job=True, follow=False))

    assert update.counts == Counts()
    assert not update.run.is_ended
    jobs.go_on(jobs.jobs["J1"])
    world.close()
    assert world.send(Wishes(follow=False)).counts == Counts(applied=25)


def watch_a_paused_job(world, jobs):
    jobs.hold = {"25"}
    stop = itertools.count()
    world.send(Wishes(job=True, follow=False))
    world.close()
    jobs.job("POST", "/J1/pause")
    world.send(Wishes(is_over=lambda: next(stop) > 6))


def test_a_job_that_is_paused_says_so_once(world, jobs):
    watch_a_paused_job(world, jobs)

    assert [note for note in world.notes if "paused" in note] == ["job J1 is paused (asked): actions jobs resume J1"]


def test_a_job_that_is_paused_is_resumed_by_a_command_that_leads_to_the_same_gateway(world, jobs):
    world.gateway.reach = ("--url=https://gateway.test", "--profile='two words'")
    watch_a_paused_job(world, jobs)

    assert [note for note in world.notes if "paused" in note] == [
        "job J1 is paused (asked): actions jobs resume J1 --url=https://gateway.test --profile='two words'"
    ]


def test_an_upload_tells_how_many_rows_are_there_those_of_an_earlier_run_too(world, jobs):
    looks = itertools.count()
    world.send(Wishes(job=True, is_over=lambda: next(looks) >= 1))
    world.close()

    world.send(AS_JOB)

    assert world.uploaded == [10, 20, 25]


def test_time_that_is_over_ends_the_upload_and_the_same_job_goes_on(world, jobs):
    looks = itertools.count()
    update = world.send(Wishes(job=True, is_over=lambda: next(looks) >= 2))
    assert not update.run.is_ended
    world.close()

    world.send()

    assert [path for method, path in jobs.asked if method == "PUT"] == [f"/J1/parts/{number}" for number in (1, 2, 3)]
    assert world.gateway.applied == ids(1, 25)


def test_to_begin_anew_cancels_the_job_that_runs(world, jobs):
    jobs.hold = set(ids(9, 25))
    world.send(Wishes(job=True, follow=False))
    world.close()
    jobs.hold = set()

    update = world.send(Wishes(job=True, restart=True))

    assert jobs.jobs["J1"].state == "cancelled"
    assert update.counts == Counts(applied=25)


def test_a_token_that_does_not_hold_ends_the_run_unless_it_can_be_renewed(world, jobs):
    world.gateway.token, world.gateway.renewals = "old", ["good"]
    world.send(AS_JOB)
    assert world.gateway.applied == ids(1, 25)

    world.close()
    world.write(5, name="other.csv")
    world.gateway.token = "old"
    with pytest.raises(NotAllowed, match="Log in again"):
        world.send(AS_JOB)


def test_results_of_rows_that_were_not_sent_are_refused(world, jobs, monkeypatch):
    stray = b'{"index":0,"part":9,"line":1,"actionId":"1","outcome":"applied"}'
    jobs.hold = {"1"}
    world.send(Wishes(job=True, follow=False))
    world.close()
    monkeypatch.setattr(jobs, "_results", lambda job, query: [stray, b'{"cursor":"99"}'])

    with pytest.raises(Refused, match="rows that were not sent from here"):
        world.send()


@pytest.mark.parametrize(("told", "said"), [("2", "tells of 2"), ("", "tells of no id")])
def test_a_result_of_another_id_than_was_sent_at_its_place_is_refused_and_not_believed(
    world, jobs, monkeypatch, told, said
):
    stray = b'{"index":0,"part":1,"line":1,"actionId":"%s","outcome":"applied"}' % told.encode()
    jobs.hold = {"1"}
    world.send(Wishes(job=True, follow=False))
    world.close()
    monkeypatch.setattr(jobs, "_results", lambda job, query: [stray, b'{"cursor":"99"}'])
    update = world.open(Wishes())
    before = update.counts

    with pytest.raises(Refused, match=f"job J1 {said} at part 1, line 1, where 1 was sent"):
        list(update.run.steps())

    assert update.counts == before


def test_ids_of_results_are_the_same_with_zeros_in_front(world, jobs, monkeypatch):
    line = b'{"index":0,"part":1,"line":1,"actionId":"001","outcome":"applied"}'
    jobs.hold = {"1"}
    world.send(Wishes(job=True, follow=False))
    world.close()
    monkeypatch.setattr(jobs, "_results", lambda job, query: [line, b'{"cursor":"99","complete":true}'])
    update = world.open(Wishes())
    before = update.counts.applied

    list(update.run.steps())

    assert update.counts.applied == before + 1


def test_a_file_that_was_changed_while_its_job_ran_is_told_and_the_run_is_not_ended(world, jobs):
    update = world.open(AS_JOB)
    steps = update.run.steps()
    next(steps)
    world.path.write_text(world.path.read_text() + "26,done,n\n", encoding="utf-8")

    with pytest.raises(Refused, match="was changed"):
        list(steps)

    assert update.journal.state.ended == 0.0
    assert update.counts == Counts(applied=25)


@pytest.mark.parametrize("is_written", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("line", range(11, 18))
def test_what_was_applied_is_kept_once_over_kills(world, jobs, monkeypatch, line, is_written):
    kept = world.folder / "updates.applied.ndjson"
    with killed_at_line(monkeypatch, line, is_written=is_written):
        world.send(Wishes(job=True, applied=kept))
    world.close()

    world.send()

    lines = kept.read_text().splitlines()
    assert [json.loads(line)["actionId"] for line in lines] == ids(1, 25)


def test_an_answer_that_is_no_job_is_refused(world, jobs):
    jobs.moods = [(200, {"hello": 1}, {})]

    with pytest.raises(Refused):
        world.send(AS_JOB)

    assert isinstance(world.gateway.job("GET", "/J1"), Answer)
