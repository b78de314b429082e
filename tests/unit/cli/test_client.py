"""The client for programs: every item has one outcome, over crashes too."""

from __future__ import annotations

import pytest
import responses

from cli.client import Client, InvalidInput, NotAllowed, Outcome, Refused, Token
from tests.doubles.fake_gateway import URL, FakeGateway
from tests.doubles.fake_jobs import FakeJobs

ITEMS = [{"actionId": str(number), "status": "done"} for number in range(1, 26)]


@pytest.fixture
def gateway():
    return FakeGateway(max_items=10)


@pytest.fixture
def client(gateway, tmp_path):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        gateway.serve(mock)
        made = Client(URL, Token("good"), state_folder=tmp_path, pause=lambda seconds, why: None)
        yield made
        made.close()


def test_each_item_has_an_outcome_in_its_order_with_what_it_is_now(client, gateway):
    gateway.codes = {"2": "not_found"}

    outcomes = list(client.update(iter(ITEMS)))

    assert [outcome.index for outcome in outcomes] == list(range(25))
    assert outcomes[0] == Outcome(index=0, item_id="1", outcome="applied", updated=ITEMS[0])
    assert outcomes[1] == Outcome(index=1, item_id="2", outcome="not_applied", code="not_found", detail="No.")


def test_nothing_is_sent_before_the_first_outcome_is_asked_for(client, gateway):
    client.update(ITEMS)

    assert gateway.bodies == []


def test_no_item_is_no_outcome(client, gateway, tmp_path):
    assert list(client.update([])) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_program_that_ends_in_the_middle_goes_on_and_is_told_of_all(client, gateway):
    some = client.update(ITEMS)
    first = [next(some) for _ in range(12)]
    some.close()

    again = list(client.update(ITEMS))

    assert [outcome.index for outcome in again] == list(range(25))
    assert {outcome.outcome for outcome in [*first, *again]} == {"applied"}
    assert gateway.applied == [item["actionId"] for item in ITEMS]


def test_once_all_were_told_the_same_items_are_sent_anew(client, gateway, tmp_path):
    list(client.update(ITEMS))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    list(client.update(ITEMS))

    assert len(gateway.applied) == 50


def test_what_is_retryable_is_left_for_the_next_time(client, gateway):
    gateway.busy = {"3": 4}

    first = [outcome for outcome in client.update(ITEMS) if outcome.outcome != "applied"]
    second = list(client.update(ITEMS))

    assert [(outcome.item_id, outcome.code, outcome.retryable) for outcome in first] == [("3", "core_busy", True)]
    assert sorted(outcome.index for outcome in second) == list(range(25))
    assert {outcome.outcome for outcome in second} == {"applied"}
    assert sorted(gateway.applied, key=int) == [item["actionId"] for item in ITEMS]


def test_items_that_the_gateway_alone_refuses_are_told_once_over_two_runs(client, gateway):
    gateway.invalid = {"4": "partner_not_allowed"}
    some = client.update(ITEMS)
    first = [next(some) for _ in range(8)]
    some.close()

    again = list(client.update(ITEMS))

    assert [(outcome.index, outcome.code) for outcome in first if outcome.code] == [(3, "partner_not_allowed")]
    assert sorted(outcome.index for outcome in again) == list(range(25))
    assert [(outcome.index, outcome.code) for outcome in again if outcome.code] == [(3, "partner_not_allowed")]


def test_an_invalid_item_is_told_before_anything_is_sent(client, gateway):
    with pytest.raises(
        InvalidInput, match="1 row is invalid, and nothing was sent: item 2, status: Must be one of"
    ) as refusal:
        list(client.update([ITEMS[0], {"actionId": "2", "status": "open"}]))

    assert refusal.value.errors[0].problem.code == "invalid_choice"
    assert gateway.bodies == []


def test_a_token_that_does_not_hold_is_told(gateway, tmp_path):
    with responses.RequestsMock() as mock:
        mock.get(f"{URL}/openapi/api/v1/limits", status=401, json={"type": "x/invalid-token", "detail": "No."})
        with pytest.raises(NotAllowed, match="Log in again"):
            list(Client(URL, Token("old"), state_folder=tmp_path).update(ITEMS))


def test_an_address_that_is_no_gateway_is_told(tmp_path):
    with responses.RequestsMock() as mock:
        mock.get(f"{URL}/openapi/api/v1/limits", status=404, body="<html>")
        with pytest.raises(Refused, match="is no gateway for actions"):
            Client(URL, Token("good"), state_folder=tmp_path).limits()


def test_the_limits_are_told(client):
    limits = client.limits()

    assert (limits.max_items, limits.languages) == (10, ("en", "fr"))


def test_an_id_twice_is_told(client):
    with pytest.raises(InvalidInput, match="Names the same action as item 1"):
        list(client.update([ITEMS[0], ITEMS[0]]))


def test_as_a_job_each_item_has_the_same_outcome_as_in_batches(client, gateway):
    gateway.codes = {"2": "not_found"}
    in_batches = list(client.update(ITEMS, job=False))
    gateway.jobs = FakeJobs(gateway)

    as_job = list(client.update(ITEMS, job=True))

    assert len(gateway.jobs.jobs) == 1
    assert as_job == in_batches


def test_more_than_2000_items_go_as_a_job(client, gateway):
    gateway.jobs = FakeJobs(gateway)
    items = [{"actionId": str(number), "status": "done"} for number in range(1, 2_002)]

    assert [outcome.index for outcome in client.update(items)] == list(range(2_001))
    assert len(gateway.jobs.jobs) == 1


@pytest.mark.parametrize("taken", [1, 4, 12, 24])
def test_a_program_that_ends_while_its_job_runs_is_told_of_all_the_next_time(client, gateway, taken):
    gateway.jobs = FakeJobs(gateway)
    gateway.codes = {"2": "not_found"}
    some = client.update(ITEMS, job=True)
    [next(some) for _ in range(taken)]
    some.close()

    again = list(client.update(ITEMS))

    assert sorted(outcome.index for outcome in again) == list(range(25))
    assert [outcome.item_id for outcome in again if outcome.outcome != "applied"] == ["2"]
    assert len(gateway.jobs.jobs) == 1
    assert len(gateway.applied) == 24


def test_outcomes_of_a_job_come_as_they_are_settled(client, gateway):
    gateway.jobs = FakeJobs(gateway)
    gateway.jobs.hold = {"3"}
    some = client.update(ITEMS, job=True)

    assert [next(some).index for _ in range(24)] == [index for index in range(25) if index != 2]
    gateway.jobs.go_on(gateway.jobs.jobs["J1"])
    assert [outcome.index for outcome in some] == [2]


def test_what_a_job_leaves_as_retryable_is_sent_the_next_time_and_nothing_else_is(client, gateway):
    gateway.jobs = FakeJobs(gateway)
    gateway.busy = {"3": 1}

    first = [outcome for outcome in client.update(ITEMS, job=True) if outcome.outcome != "applied"]
    second = list(client.update(ITEMS))

    assert [(outcome.item_id, outcome.code, outcome.retryable) for outcome in first] == [("3", "core_busy", True)]
    assert sorted(outcome.index for outcome in second) == list(range(25))
    assert {outcome.outcome for outcome in second} == {"applied"}
    assert sorted(gateway.applied, key=int) == [item["actionId"] for item in ITEMS]
