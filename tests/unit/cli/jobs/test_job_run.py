"""A run as a job accounts for every row, whatever the gateway does and wherever it is stopped."""

from __future__ import annotations

import json
import os

import pytest

from cli.connection import Answer, Stream
from cli.errors import Exhausted, InvalidInput, NotEnded, Refused
from cli.leavings import failed_rows
from cli.limits import JOB_ITEMS
from cli.outcome import Counts
from cli.update import Wishes
from tests.doubles.fake_gateway import problem
from tests.unit.cli.items import ids
from tests.unit.cli.jobs.killing import killed_at_line

AS_JOB = Wishes(job=True)


def failed_in(update):
    return [(row.line, failure.code, failure.outcome) for row, failure in failed_rows(update.rows, update.journal.path)]


def test_a_job_is_filled_in_numbered_parts_started_and_followed_to_its_end(world, jobs):
    update = world.send(AS_JOB)

    assert jobs.asked == [
        ("POST", ""),
        ("PUT", "/J1/parts/1"),
        ("PUT", "/J1/parts/2"),
        ("PUT", "/J1/parts/3"),
        ("POST", "/J1/start"),
        ("GET", "/J1/results?follow=true"),
    ]
    assert world.gateway.applied == ids(1, 25)
    assert update.counts == Counts(applied=25)
    assert update.run.is_ended
    assert update.journal.state.ended
    assert world.gateway.bodies == []
    assert jobs.jobs["J1"].label == "updates.csv"


@pytest.mark.parametrize(("rows", "is_job"), [(JOB_ITEMS, False), (JOB_ITEMS + 1, True)])
def test_more_than_2000_rows_go_as_a_job(world, jobs, rows, is_job):
    assert JOB_ITEMS == 2_000
    world.gateway.max_items = 1000
    world.write(rows)

    world.send()

    assert bool(jobs.jobs) == is_job
    assert world.gateway.applied == ids(1, rows)


def test_batches_are_sent_whatever_the_size_where_that_is_asked_for(world, jobs):
    world.write(2_001)
    world.gateway.max_items = 1000

    world.send(Wishes(job=False))

    assert jobs.asked == []
    assert world.gateway.applied == ids(1, 2_001)


@pytest.mark.parametrize("steps", range(1, 8))
def test_what_was_settled_is_told_once_over_two_runs(world, jobs, steps):
    world.send(AS_JOB, steps)
    world.close()

    update = world.send()

    assert world.gateway.applied == ids(1, 25)
    assert update.counts == Counts(applied=25)
    assert len(jobs.jobs) == 1
    assert update.journal.state.ended


@pytest.mark.parametrize("is_written", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("line", range(2, 19))
def test_killed_at_any_line_of_its_journal_the_same_job_goes_on(world, jobs, monkeypatch, line, is_written):
    world.gateway.codes = {"2": "not_found", "21": "rejected"}
    with killed_at_line(monkeypatch, line, is_written=is_written):
        world.send(AS_JOB)
    world.close()

    update = world.send(AS_JOB)

    assert len(jobs.jobs) == 1
    assert [asked[0] for asked in jobs.asked].count("PUT") <= 4
    assert sorted(world.gateway.applied, key=int) == [number for number in ids(1, 25) if number not in {"2", "21"}]
    assert update.counts == Counts(applied=23, failed=2)
    assert failed_in(update) == [(3, "not_found", "not_applied"), (22, "rejected", "not_applied")]
    assert update.journal.state.ended


def test_an_answer_that_is_lost_makes_no_second_job_and_no_other_part(world, jobs):
    jobs.moods = ["lost", "well", "lost", "well", "down", "well", "well", "lost"]

    update = world.send(AS_JOB)

    assert len(jobs.jobs) == 1
    assert world.gateway.applied == ids(1, 25)
    assert update.run.is_ended
    assert len(world.pauses) == 4


@pytest.mark.parametrize("cuts", [[1], [4], [5], [6, 0, 3], [0, 0, 0]])
def test_results_that_break_off_go_on_from_their_cursor(world, jobs, cuts):
    jobs.cuts = list(cuts)
    world.gateway.codes = {"7": "not_found"}

    update = world.send(AS_JOB)

    assert update.counts == Counts(applied=24, failed=1)
    assert failed_in(update) == [(8, "not_found", "not_applied")]


def test_results_that_break_off_for_ever_end_the_command_and_not_the_job(world, jobs):
    jobs.cuts = [0] * 20

    with pytest.raises(NotEnded, match="break off again and again"):
        world.send(AS_JOB)

    world.close()
    assert world.send().counts == Counts(applied=25)


def test_results_that_cannot_be_had_end_the_command_and_not_the_job(world, jobs):
    jobs.moods = [*["well"] * 5, *[(503, {}, {})] * 6]

    with pytest.raises(NotEnded, match="job J1 goes on"):
        world.send(AS_JOB)


@pytest.mark.parametrize(
    "answer", [problem("jobs-unavailable", 503), problem("no-such-page", 404), (404, {}), (405, {}), (501, {})]
)
def test_a_gateway_without_jobs_gets_batches_and_one_line_says_so(world, jobs, answer):
    jobs.moods = [(*answer, {"Retry-After": "60"})]

    update = world.send(AS_JOB)

    assert world.pauses == []
    assert world.gateway.applied == ids(1, 25)
    assert len(world.gateway.bodies) == 3
    assert update.run.is_ended
    [note] = world.notes
    assert note.startswith("this gateway takes no jobs now")
    assert note.endswith("; sending batches instead")


def test_a_job_that_cannot_hold_the_input_is_given_up_for_batches(world, jobs):
    jobs.most = 15

    update = world.send(AS_JOB)

    assert jobs.jobs["J1"].state == "cancelled"
    assert world.gateway.applied == ids(1, 25)
    assert update.counts == Counts(applied=25)
    assert failed_in(update) == []


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, "this gateway takes no jobs; sending batches instead"),
        ({"max_job_items": 24, "max_parts": 9}, "a job takes 24 rows here; sending batches instead"),
    ],
)
def test_what_the_limits_say_of_jobs_is_believed_before_a_part_is_sent(world, jobs, told, words):
    world.gateway.more_limits = {"jobs": told}

    update = world.send(AS_JOB)

    assert jobs.asked == []
    assert world.notes == [words]
    assert update.counts == Counts(applied=25)


def test_a_job_that_takes_just_so_many_rows_is_made(world, jobs):
    world.gateway.more_limits = {"jobs": {"max_job_items": 25, "max_parts": 9}}

    world.send(AS_JOB)

    assert len(jobs.jobs) == 1


def test_too_many_jobs_are_waited_for_as_long_as_the_gateway_asks(world, jobs):
    jobs.moods = [(*problem("too-many-jobs", 429), {"Retry-After": "60"})] * 9

    world.send(AS_JOB)

    assert world.pauses == [60.0] * 9
    assert world.gateway.applied == ids(1, 25)


@pytest.mark.parametrize("passed", [1, 2, 3, 4], ids=["first part", "second part", "third part", "start"])
def test_parts_and_start_wait_as_long_as_the_rate_asks(world, jobs, passed):
    jobs.moods = [*["well"] * passed, *[(*problem("quota-exceeded", 429), {"Retry-After": "7"})] * 9]

    world.send(AS_JOB)

    assert world.pauses == [7.0] * 9
    assert world.gateway.applied == ids(1, 25)


def test_a_store_that_is_away_is_waited_for_with_patience(world, jobs):
    jobs.moods = ["well", *[(*problem("jobs-unavailable", 503), {"Retry-After": "5"})] * 5]

    world.send(AS_JOB)

    assert world.pauses == [5.0] * 5
    assert world.gateway.applied == ids(1, 25)


def test_nobody_who_answers_ends_the_run_and_the_same_job_goes_on(world, jobs):
    jobs.moods = ["well", "well", *["down"] * 6]
    with pytest.raises(Exhausted, match="no connection"):
        world.send(AS_JOB)
    world.close()

    update = world.send(AS_JOB)

    assert len(jobs.jobs) == 1
    assert jobs.asked.count(("PUT", "/J1/parts/1")) == 1
    assert update.counts == Counts(applied=25)


def test_rows_that_the_gateway_alone_refuses_are_told_by_row_of_all_parts_and_nothing_is_sent(world, jobs):
    world.gateway.invalid = {"4": "partner_not_allowed", "25": "partner_not_allowed"}

    with pytest.raises(InvalidInput) as refusal:
        world.send(AS_JOB)

    assert [str(error) for error in refusal.value.errors] == ["row 5: status: No.", "row 26: status: No."]
    assert (refusal.value.total, refusal.value.rows) == (2, 2)
    assert world.gateway.applied == []
    assert jobs.jobs["J1"].state == "cancelled"
    world.close()
    world.gateway.invalid = {}
    assert world.send(AS_JOB).counts == Counts(applied=25)


def test_a_limit_that_falls_between_cuts_that_part_anew_under_its_number(world, jobs):
    world.gateway.max_items = 10
    update = world.open(AS_JOB)
    world.gateway.max_items = 4

    list(update.run.steps())

    assert [len(items) for _, (_, items) in sorted(jobs.jobs["J1"].parts.items())] == [4, 4, 2, 4, 4, 4, 3]
    assert update.counts == Counts(applied=25)
    assert world.gateway.applied == ids(1, 25)


def test_a_job_that_ended_before_its_start_is_made_anew_and_filled_from_the_begin(world, jobs):
    jobs.moods = ["well", "well", *["down"] * 6]
    with pytest.raises(Exhausted):
        world.send(AS_JOB)
    world.close()
    jobs.jobs["J1"].state, jobs.jobs["J1"].why = "failed", "idle"
    world.gateway.max_items = 7

    update = world.send(AS_JOB)

    assert [len(items) for _, (_, items) in sorted(jobs.jobs["J2"].parts.items())] == [7, 7, 7, 4]
    assert update.counts == Counts(applied=25)
    assert world.gateway.applied == ids(1, 25)


def test_parts_that_the_gateway_lost_are_sent_again(world, jobs):
    jobs.moods = [*["well"] * 4, *["down"] * 6]
    with pytest.raises(Exhausted):
        world.send(AS_JOB)
    world.close()
    del jobs.jobs["J1"].parts[2]

    world.send(AS_JOB)

    assert jobs.asked.count(("PUT", "/J1/parts/2")) == 2
    assert world.gateway.applied == ids(1, 25)


def line(part, number, outcome="applied"):
    error = {} if outcome == "applied" else {"error": {"code": "no", "outcome": "not_applied", "retryable": False}}
    return {"part": part, "line": number, "actionId": str(10 * part - 10 + number), "outcome": outcome, **error}


@pytest.mark.parametrize(
    "told",
    [
        [line(1, 1), {"cursor": "1"}, line(1, 1), {"cursor": "2"}],
        [line(1, 1), line(1, 1), {"cursor": "1"}],
        [line(1, 1), line(1, 1, "failed"), {"cursor": "1"}],
        [line(1, 0), {"cursor": "1"}],
        [line(1, 11), {"cursor": "1"}],
        [line(4, 1), {"cursor": "1"}],
    ],
    ids=["twice", "twice in a page", "twice otherwise", "before the first", "behind the last", "another part"],
)
def test_a_job_that_tells_of_rows_twice_or_of_others_tells_nothing_and_no_row_is_lost(world, jobs, monkeypatch, told):
    lines = [json.dumps(one).encode() for one in [*told, {"cursor": "9", "complete": True}]]
    with monkeypatch.context() as wrong:
        wrong.setattr(jobs, "job_lines", lambda _: Stream(Answer(status=200), iter(lines)))
        with pytest.raises(Refused, match="twice"):
            world.send(AS_JOB)
    world.close()

    update = world.open()

    assert update.counts.failed == 0
    assert not update.run.is_ended


def test_the_label_of_a_job_is_text_whatever_the_name_of_its_file(world, jobs):
    world.write(25, name=os.fsdecode(b"bad\xff.csv"))

    world.send(AS_JOB)

    assert jobs.jobs["J1"].label == "bad?.csv"
