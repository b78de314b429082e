"""What ends a run, and how the same command goes on with it or is refused."""

from __future__ import annotations

import json
import os
import time

import pytest

from cli.commands.summary import codes_of
from cli.connection import Answer
from cli.errors import InUse, NotAllowed, Refused, Usage
from cli.outcome import Counts
from cli.update import Wishes
from tests.doubles.fake_gateway import problem
from tests.unit.cli.items import ids


def test_a_token_that_ends_is_renewed_once_and_the_run_goes_on(world):
    world.write(3)
    world.gateway.token, world.gateway.renewals = "old", ["good"]

    assert world.send().counts == Counts(applied=3)


@pytest.mark.parametrize("renewals", [[], ["also old", "good"]])
def test_it_ends_at_the_first_refusal_that_a_renewal_does_not_cure(world, renewals):
    world.gateway.max_items = 1
    world.write(3)
    update = world.open()
    steps = update.run.steps()
    next(steps)
    world.gateway.token, world.gateway.renewals = "old", renewals

    with pytest.raises(NotAllowed, match="invalid-token"):
        next(steps)

    assert world.gateway.applied == ["1"]
    assert update.counts == Counts(applied=1)


def test_what_no_repeat_can_mend_stops_the_run_and_keeps_it(world):
    world.write(3)
    world.gateway.moods = [(*problem("idempotency-key-reused", 422), {})]
    update = world.open()
    with pytest.raises(Refused, match="idempotency-key-reused"):
        list(update.run.steps())

    # A 4xx applied nothing, so nothing of it is unknown.
    assert update.counts == Counts()
    world.close()
    assert world.send().counts == Counts(applied=3)


def test_what_was_told_before_the_run_was_stopped_stays_known(world):
    world.gateway.busy = {"2": 9}
    world.gateway.max_items = 2
    world.write(3)
    update = world.open()
    answered = world.gateway.update

    def once(body, key="", **more):
        answer = answered(body, key, **more)
        world.gateway.token = "old"
        return answer

    world.gateway.update = once
    with pytest.raises(NotAllowed):
        list(update.run.steps())

    assert update.counts == Counts(applied=1, failed=1)


def test_what_may_have_left_stays_unknown_where_the_run_is_stopped(world):
    world.write(3)
    world.gateway.moods = ["lost", (*problem("invalid-token", 401), {})]
    update = world.open()

    with pytest.raises(NotAllowed):
        list(update.run.steps())

    assert update.counts == Counts(unknown=3)


def test_an_ended_run_sends_nothing_again_and_restart_sends_all(world):
    world.write(3)
    world.send()
    world.close()

    assert world.send().counts == Counts(applied=3)
    assert len(world.gateway.bodies) == 1
    world.close()

    world.send(Wishes(restart=True))
    assert len(world.gateway.bodies) == 2


def test_a_file_that_was_changed_since_is_refused_until_a_restart_is_asked_for(world):
    world.gateway.max_items = 2
    world.write(5)
    world.send(steps=1)
    world.close()
    world.write(5, status="active")

    with pytest.raises(Refused, match=r"was changed since the run of .*, which sent 2 of its 5 rows"):
        world.open()
    assert world.send(Wishes(restart=True)).counts == Counts(applied=5)
    assert [known.is_ended for known in world.runs.known()] == [True]


def test_a_file_that_is_changed_while_it_is_sent_stops_the_run(world):
    world.gateway.max_items = 2
    world.write(5)
    update = world.open()
    steps = update.run.steps()
    next(steps)
    world.write(6)

    with pytest.raises(Refused, match="was changed while it was sent"):
        next(steps)

    assert world.gateway.applied == ids(1, 2)


def test_options_that_read_the_rows_otherwise_are_refused_since_bodies_would_differ(world):
    world.gateway.max_items = 2
    world.write(5)
    world.send(steps=1)
    world.close()
    from dataclasses import replace

    other = replace(world.reading(), csv=replace(world.reading().csv, null="n3"))

    with pytest.raises(Refused, match="reads it otherwise"):
        world.open(reading=other)


def test_a_run_goes_on_under_its_own_login_only_since_keys_belong_to_it(world):
    world.gateway.max_items = 2
    world.write(5)
    world.send(steps=1)
    world.close()
    world.gateway.name = "somebody else"

    with pytest.raises(Refused, match="the run was begun under another login"):
        world.open()
    assert world.send(Wishes(restart=True)).counts == Counts(applied=5)


def test_a_gateway_that_is_down_at_the_start_is_waited_for_and_then_given_up(world, monkeypatch):
    world.write(1)
    asked = []

    def down():
        asked.append(1)
        return Answer(status=0, reason="gone") if len(asked) < wanted else here()

    here, wanted = world.gateway.limits, 4
    monkeypatch.setattr(world.gateway, "limits", down)
    assert world.send().counts == Counts(applied=1)
    assert world.pauses == [1.0, 2.0, 4.0]
    world.close()

    wanted = 99
    with pytest.raises(Refused, match="gone; nothing was sent"):
        world.send(Wishes(restart=True))


def test_what_can_succeed_is_not_promised_of_a_run_that_is_ended(world, monkeypatch):
    world.write(2)
    world.gateway.busy = {"1": 4}
    assert codes_of(world.send().journal) == ({"core_busy": 1}, 1)
    world.close()
    later = time.time() + 86_400
    monkeypatch.setattr("cli.update.time.time", lambda: later)

    update = world.send()

    assert update.run.is_ended
    assert codes_of(update.journal) == ({"core_busy": 1}, 0)


def test_the_second_of_two_at_once_says_so(world):
    world.write(5)
    world.open()
    from contextlib import ExitStack

    with ExitStack() as second, pytest.raises(InUse, match="another actions command works on this file now"):
        type(world)(world.folder, second).open()


def test_once_a_key_is_no_longer_known_what_may_have_left_is_unknown_and_not_sent(world, monkeypatch):
    world.write(3)
    world.gateway.moods = ["lost"] * 6
    world.send()
    world.close()

    later = time.time() + 86_400
    monkeypatch.setattr("cli.update.time.time", lambda: later)

    update = world.send()

    assert update.counts == Counts(unknown=3)
    assert len(world.gateway.bodies) == 6


def test_no_chunk_is_begun_after_time_is_over(world):
    world.gateway.max_items = 1
    world.write(5)
    asked = iter([False, False, True, True])

    update = world.send(Wishes(is_over=lambda: next(asked, True)))

    assert (update.counts, update.run.is_ended) == (Counts(applied=2), False)


def test_what_was_applied_is_kept_once_over_a_crash_between_the_file_and_the_journal(world):
    world.gateway.max_items = 2
    world.write(5)
    applied = world.folder / "applied.ndjson"
    world.send(Wishes(applied=applied), steps=1)
    world.close()
    with applied.open("ab") as file:
        file.write(b'{"actionId": "3"}' * 1_000)  # as a kill leaves it

    world.send()
    world.close()

    assert [json.loads(line)["actionId"] for line in applied.read_text().splitlines()] == ids(1, 5)


def test_a_run_that_was_begun_without_that_file_cannot_have_a_whole_one(world):
    world.gateway.max_items = 2
    world.write(5)
    world.send(steps=1)
    world.close()

    with pytest.raises(Usage, match="begun without --applied"):
        world.open(Wishes(applied=world.folder / "applied.ndjson"))


def test_a_file_whose_name_is_no_text_is_sent_and_gone_on_with(world):
    world.gateway.max_items = 1
    world.write(3, name=os.fsdecode(b"bad\xff.csv"))
    world.send(steps=1)
    world.close()

    assert world.send().counts == Counts(applied=3)
    assert world.gateway.applied == ["1", "2", "3"]


def test_a_wait_of_nothing_is_no_flood(world):
    world.write(1)
    world.gateway.moods = [(*problem("quota-exceeded", 429), {"Retry-After": "0"})] * 3

    assert world.send().counts == Counts(applied=1)
    assert world.pauses == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (1, lambda text: text.replace(b'"cut"', b'"kut"')),
        (1, lambda text: text.replace(b'"number":0', b'"number":"x"')),
        (1, lambda text: text.replace(b"{", b"[", 1)),
        (2, lambda text: text.replace(b'"answer":0', b'"answer":7')),
        (0, lambda text: text.replace(b'"journal":1', b'"journal":9')),
        (0, lambda text: text.replace(b'"items"', b'"times"')),
    ],
    ids=["a word", "a number", "no JSON", "another chunk", "another version", "a header"],
)
def test_a_damaged_journal_is_told_and_nothing_is_sent_again(world, line, wrong):
    world.gateway.max_items = 1
    world.write(3)
    path = world.send(steps=1).journal.path
    world.close()
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = wrong(lines[line])
    path.write_bytes(b"".join(lines))

    with pytest.raises(Refused, match="--restart begins anew"):
        world.send()

    assert world.gateway.applied == ["1"]
    assert world.send(Wishes(restart=True)).counts == Counts(applied=3)


def test_a_clock_that_went_back_does_not_make_an_old_key_young(world, monkeypatch):
    world.write(1)
    world.gateway.moods = ["lost"] * 6
    world.send()
    world.close()
    began = time.time()
    monkeypatch.setattr("time.time", lambda: began - 3_600)

    assert world.send().counts == Counts(unknown=1)
    assert world.gateway.applied == ["1"]
