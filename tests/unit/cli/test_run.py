"""A run accounts for every row, whatever the gateway does and wherever it is stopped."""

from __future__ import annotations

import json

import pytest

from cli.errors import Exhausted, InvalidInput
from cli.outcome import Counts
from tests.doubles.fake_gateway import problem
from tests.unit.cli.items import ids


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


def test_the_wait_that_items_tell_is_kept_where_an_unknown_one_takes_the_header_away(world):
    world.write(3)
    busy = {"code": "core_busy", "detail": "Busy.", "outcome": "not_applied", "retryable": True}
    errors = [
        {"index": 0, **busy, "retry_after": 4},
        {"index": 1, **busy, "outcome": "unknown"},
        {"index": 2, **busy, "retry_after": 9},
    ]
    world.gateway.moods = [(*problem("temporarily-unavailable", 503, errors=errors), {})]

    assert world.send().counts == Counts(applied=3)
    assert world.pauses == [9.0]


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
