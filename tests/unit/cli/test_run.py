"""A run accounts for every row, whatever the gateway does and wherever it is stopped."""

from __future__ import annotations

import json
import time

import pytest

from cli.commands.summary import codes_of
from cli.connection import Answer
from cli.errors import Exhausted, InUse, InvalidInput, NotAllowed, Refused, Usage
from cli.outcome import Counts
from cli.update import Wishes
from tests.doubles.fake_gateway import problem


def ids(first, last):
    return [str(number) for number in range(first, last + 1)]


def test_a_file_is_cut_by_the_gateways_limit_and_every_row_is_applied_once(world):
    world.gateway.max_items = 10
    world.write(25)

    update = world.send()

    assert world.gateway.applied == ids(1, 25)
    assert [len(json.loads(body)["data"]) for _, body in world.gateway.bodies] == [10, 10, 5]
    assert update.counts == Counts(applied=25)
    assert update.run.is_ended


def test_a_file_is_cut_by_bytes_too(world):
    world.gateway.max_bytes = 200
    world.write(25)

    world.send()

    assert max(len(body) for _, body in world.gateway.bodies) <= 200
    assert world.gateway.applied == ids(1, 25)


def test_a_rate_lowers_the_cut_since_a_batch_above_all_of_it_never_fits(world):
    world.gateway.rate = 4
    world.write(6)

    world.send()

    assert [len(json.loads(body)["data"]) for _, body in world.gateway.bodies] == [4, 2]


def test_a_gateway_that_tells_no_limits_gets_sane_cuts(world, monkeypatch):
    world.write(501)
    no_page = world.gateway._answer(*problem("no-such-page", 404), {})
    monkeypatch.setattr(world.gateway, "limits", lambda: no_page)

    world.send()

    assert [len(json.loads(body)["data"]) for _, body in world.gateway.bodies] == [500, 1]


def test_nothing_is_sent_where_one_row_is_invalid(world):
    world.write(3)
    world.path.write_text(world.path.read_text() + "4,open,n\n4,done,n\n", encoding="utf-8")

    with pytest.raises(InvalidInput) as refusal:
        world.open()

    assert [str(error) for error in refusal.value.errors] == [
        "row 5, status: Must be one of: active, inactive, draft, approved, pending, done. (it is 'open')",
        "row 6, actionId: Names the same action as row 5; name each action once. (it is '4')",
    ]
    assert world.gateway.bodies == []


@pytest.mark.parametrize("stop", range(4))
def test_a_run_goes_on_after_any_chunk(world, stop):
    world.gateway.max_items = 10
    world.write(25)
    world.send(steps=stop)
    world.close()

    update = world.send()

    assert world.gateway.applied == ids(1, 25)
    assert (update.earlier.applied, update.counts.applied) == (min(25, 10 * stop), 25)


def test_what_may_have_left_is_sent_again_under_its_key_and_body_though_limits_changed_between(world):
    world.gateway.max_items = 10
    world.write(25)
    world.gateway.moods = ["well", *["lost"] * 6]
    world.send(steps=2)
    world.close()
    world.gateway.max_items = 1000

    world.send()

    sent = [(key, len(json.loads(body)["data"])) for key, body in world.gateway.bodies]
    assert [count for _, count in sent] == [10, *[10] * 6, 10, 5]
    assert len({key for key, _ in sent[1:8]}) == 1
    assert world.gateway.applied == ids(1, 25)


def test_a_chunk_that_may_have_left_is_never_cut_anew_where_the_limit_fell_below_it(world):
    world.gateway.max_items = 10
    world.write(25)
    world.gateway.moods = ["lost"] * 6
    world.send(steps=1)
    world.close()
    world.gateway.max_items = 5

    update = world.send()

    assert world.gateway.applied == ids(1, 25)  # the ten were applied; the client cannot know
    assert update.counts == Counts(applied=15, unknown=10)
    assert update.run.is_ended


def test_a_limit_that_falls_within_a_run_recuts_that_chunk_alone_with_new_keys(world):
    world.gateway.max_items = 10
    world.write(25)
    update = world.open()
    steps = update.run.steps()
    next(steps)
    world.gateway.max_items = 4
    list(steps)

    sizes = [len(json.loads(body)["data"]) for _, body in world.gateway.bodies]
    assert sizes == [10, 4, 4, 2, 4, 1]
    assert len({key for key, _ in world.gateway.bodies}) == 6
    assert world.gateway.applied == ids(1, 25)


def test_a_413_of_a_proxy_that_names_no_limit_halves_the_chunk(world):
    world.write(8)
    world.gateway.moods = [(413, {}, {}), (413, {}, {})]

    world.send()

    assert [len(json.loads(body)["data"]) for _, body in world.gateway.bodies] == [2, 2, 2, 2]
    assert world.gateway.applied == ids(1, 8)


def test_a_row_that_alone_is_too_large_fails_and_the_others_go_on(world):
    world.write(3)
    world.gateway.moods = [(413, {}, {})] * 2

    update = world.send()

    assert update.counts == Counts(applied=2, failed=1)
    assert world.gateway.applied == ids(2, 3)


def test_rows_that_the_gateway_alone_finds_invalid_fail_and_the_others_of_their_chunk_go_on(world):
    world.write(10)
    world.gateway.invalid = {"3": "partner_not_allowed", "7": "unknown_language"}

    update = world.send()

    assert world.gateway.applied == [one for one in ids(1, 10) if one not in {"3", "7"}]
    assert update.counts == Counts(applied=8, failed=2)
    world.close()
    assert world.send().counts == Counts(applied=8, failed=2)


def test_a_chunk_is_repeated_under_its_key_until_nothing_of_it_is_left_to_send(world):
    world.write(3)
    world.gateway.busy = {"2": 3}

    update = world.send()

    assert update.counts == Counts(applied=3)
    assert len({key for key, _ in world.gateway.bodies}) == 1
    assert len(world.gateway.bodies) == 4
    assert sorted(world.gateway.applied) == ids(1, 3)


def test_what_stays_busy_is_left_open_and_asked_again_by_the_same_command(world):
    world.write(3)
    world.gateway.busy = {"2": 4}

    first = world.send()
    assert (first.counts, first.run.is_ended) == (Counts(applied=2, failed=1), False)
    world.close()

    second = world.send()
    assert (second.counts, second.run.is_ended) == (Counts(applied=3), True)
    assert len({key for key, _ in world.gateway.bodies}) == 1


def test_the_wait_that_is_told_is_kept(world):
    world.write(3)
    over = problem("quota-exceeded", 429)
    world.gateway.moods = [
        (*over, {"Retry-After": "7"}),
        (*problem("temporarily-unavailable", 503), {"Retry-After": "3"}),
    ]

    world.send()

    assert world.pauses == [7.0, 3.0]


def test_being_over_the_rate_never_exhausts_patience(world):
    world.write(1)
    world.gateway.moods = [(*problem("quota-exceeded", 429), {"Retry-After": "1"})] * 50

    assert world.send().counts == Counts(applied=1)


def test_a_batch_above_the_whole_quota_is_cut_to_it(world):
    world.write(6)
    refused = problem("quota-exceeded", 429)
    world.gateway.moods = [(*refused, {"RateLimit-Policy": '"items";q=4;w=60'})]

    world.send()

    assert [len(json.loads(body)["data"]) for _, body in world.gateway.bodies] == [4, 2]


def test_a_proxys_page_and_a_lost_answer_are_asked_for_again(world):
    world.write(3)
    world.gateway.moods = ["html", "lost", "down"]

    assert world.send().counts == Counts(applied=3)
    assert world.gateway.applied == ids(1, 3)


def test_after_twenty_chunks_in_a_row_without_a_success_it_ends(world):
    world.gateway.max_items = 1
    world.write(30)
    world.gateway.codes = dict.fromkeys(ids(2, 30), "rejected")

    with pytest.raises(Exhausted, match="20 batches in a row"):
        world.send()

    assert len(world.gateway.bodies) == 21
    assert world.gateway.applied == ["1"]


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


def test_what_no_repeat_can_mend_stops_the_run_and_keeps_it(world):
    world.write(3)
    world.gateway.moods = [(*problem("idempotency-key-reused", 422), {})]
    with pytest.raises(Refused, match="idempotency-key-reused"):
        world.send()
    world.close()

    assert world.send().counts == Counts(applied=3)


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
