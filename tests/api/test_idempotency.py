"""Idempotency at the bulk endpoint, to contract 1.5: what is final is never sent again, what is not is completed."""

from __future__ import annotations

import pytest

from legacy_client import errors as core
from tests.doubles.service import assert_problem

A, B, C = ({"actionId": str(n), "status": "active"} for n in (1, 2, 3))
KEY = {"Idempotency_Key": "batch-1"}


def sent(service):
    ids = [call.id for call in service.core.calls]
    service.core.calls.clear()
    return sorted(ids)


def test_a_finished_batch_is_replayed_without_a_call(service):
    first = service.patch(A, B, **KEY)
    sent(service)

    again = service.patch(A, B, **KEY)

    assert again.get_json() == first.get_json()
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert "Idempotency-Replayed" not in first.headers
    assert sent(service) == []


def test_a_rejection_is_final_too(service):
    service.core.script = {"1": core.NotFound(404), "2": core.Rejected(400, errors={"due_at": ["late"]})}
    first = service.patch(A, B, **KEY)
    service.core.script.clear()
    sent(service)

    again = service.patch(A, B, **KEY)

    assert again.status_code == 400
    assert again.get_json()["errors"] == first.get_json()["errors"]
    assert sent(service) == []


def test_what_was_not_applied_and_can_be_helped_is_completed(service):
    service.core.script = {"2": core.Busy(503, retry_after=1), "3": core.Stopped("deadline")}
    assert service.patch(A, B, C, **KEY).status_code == 207
    sent(service)
    service.core.script.clear()

    again = service.patch(A, B, C, **KEY)

    assert sent(service) == ["2", "3"]
    assert (again.status_code, again.headers["Idempotency-Resumed"]) == (200, "2")
    assert [action["actionId"] for action in again.get_json()["data"]] == ["1", "2", "3"]


def test_a_503_with_a_key_can_be_repeated(service):
    service.core.script = {"1": core.Unreachable()}
    assert service.patch(A, **KEY).status_code == 503
    service.core.script.clear()

    assert service.patch(A, **KEY).status_code == 200


def test_a_batch_of_which_nothing_was_sent_leaves_its_key_free_for_any_body(service):
    service.core.script = {"1": core.Unreachable(), "2": core.CircuitOpen(retry_after=1)}
    assert_problem(service.patch(A, B, **KEY), 503, "temporarily-unavailable")
    service.core.script.clear()

    fresh = service.patch(A, C, **KEY)

    assert fresh.status_code == 200
    assert "Idempotency-Resumed" not in fresh.headers


def test_a_batch_of_which_one_call_was_answered_keeps_its_key(service):
    service.core.script = {"1": core.Unreachable(), "2": core.Busy(503, retry_after=1)}
    assert service.patch(A, B, **KEY).status_code == 503

    assert_problem(service.patch(A, C, **KEY), 422, "idempotency-key-reused")


def test_an_unknown_item_stays_unknown_where_the_core_does_not_honour_keys(service):
    service.core.script = {"1": core.BrokenOff()}
    first = service.patch(A, B, **KEY)
    sent(service)
    service.core.script.clear()

    again = service.patch(A, B, **KEY)

    assert sent(service) == []
    assert again.status_code == first.status_code == 207
    assert again.get_json()["errors"][0]["outcome"] == "unknown"
    assert again.headers["Idempotency-Resumed"] == "0"
    assert "Idempotency-Replayed" not in again.headers


def test_it_is_sent_again_with_the_same_key_where_the_core_honours_them(make_service):
    service = make_service(core_honours_idempotency="true")
    service.core.script = {"1": core.BrokenOff()}
    service.patch(A, B, **KEY)
    sent(service)
    service.core.script.clear()

    again = service.patch(A, B, **KEY)

    assert sent(service) == ["1"]
    assert again.status_code == 200
    assert service.core.contexts[0].idempotency_prefix == service.core.contexts[1].idempotency_prefix


def test_batches_without_a_key_share_no_item_key(service):
    service.patch(A, X_Request_ID="same")
    service.patch(A, X_Request_ID="same")

    assert service.core.contexts[0].idempotency_prefix != service.core.contexts[1].idempotency_prefix


def test_another_body_under_the_same_key_is_refused(service):
    service.patch(A, **KEY)

    assert_problem(service.patch(B, **KEY), 422, "idempotency-key-reused")


def test_keys_of_two_principals_do_not_meet(service):
    service.patch(A, **KEY)
    service.allow(id="partners:bob")
    sent(service)

    assert service.patch(B, **KEY).status_code == 200
    assert sent(service) == ["2"]


def test_a_key_in_use_is_a_409_that_says_when_to_come_back(service):
    inner = []

    def send(operation, updates, context):
        inner.append(service.patch(A, **KEY))
        yield 0, {}

    service.core.send = send

    assert service.patch(A, **KEY).status_code == 200
    assert_problem(inner[0], 409, "in-progress")
    assert int(inner[0].headers["Retry-After"]) >= 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_a_key_must_be_visible_ascii(service, key):
    assert_problem(service.patch(A, Idempotency_Key=key), 400, "bad-request")
    assert service.core.calls == []


@pytest.mark.parametrize("key", ["x", "x" * 255, '"quoted"', "!~"])
def test_keys_of_every_allowed_length_are_taken(service, key):
    assert service.patch(A, Idempotency_Key=key).status_code == 200


def test_answers_before_the_first_call_are_not_stored(service):
    assert_problem(service.patch({"actionId": "1"}, **KEY), 400, "validation-failed")

    assert service.patch(A, **KEY).status_code == 200


def test_a_store_that_cannot_be_had_is_a_503_and_runs_nothing(service, tmp_path):
    service.backends.idempotency.close()
    for path in tmp_path.glob("idempotency.sqlite*"):
        path.unlink()
    (tmp_path / "idempotency.sqlite").mkdir()

    problem = assert_problem(service.patch(A, **KEY), 503, "temporarily-unavailable")

    assert "without the key" in problem["detail"]
    assert service.core.calls == []
    assert service.patch(A).status_code == 200


def test_a_repeat_costs_only_what_it_sends(make_service):
    service = make_service(rate_limit="4/minute")
    service.core.script = {"2": core.Busy(503)}
    service.patch(A, B, **KEY)
    service.core.script.clear()

    assert service.patch(A, B, **KEY).headers["RateLimit"].startswith('"items";r=1;')
    assert service.patch(A, B, **KEY).status_code == 200


def test_a_batch_over_its_rate_leaves_the_key_free(make_service):
    service = make_service(rate_limit="2/minute")

    assert_problem(service.patch(A, B, C, **KEY), 429, "quota-exceeded")
    assert service.patch(A, **KEY).status_code == 200


@pytest.mark.parametrize(
    "failure", [core.CircuitOpen(retry_after=2), core.Busy(503, retry_after=1), core.AccessDenied(401)]
)
def test_an_unknown_item_stays_unknown_where_its_repeat_did_nothing(make_service, failure):
    service = make_service(core_honours_idempotency="true")
    service.core.script = {"1": core.BrokenOff()}
    first = service.patch(A, **KEY)
    service.core.script = {"1": failure}
    sent(service)

    again = service.patch(A, **KEY)

    assert (again.status_code, again.headers["Idempotency-Resumed"]) == (502, "1")
    assert again.get_json()["errors"] == first.get_json()["errors"]
    service.core.script.clear()
    assert service.patch(A, **KEY).status_code == 200


def test_an_item_that_met_a_misconfigured_core_is_completed_once_that_is_mended(service):
    service.core.script = {"1": core.AccessDenied(401)}
    assert_problem(service.patch(A, **KEY), 502, "core-misconfigured")
    service.core.script.clear()

    assert service.patch(A, **KEY).status_code == 200


@pytest.mark.parametrize(
    ("refusal", "code"),
    [(core.NotFound(404), "not_found"), (core.Rejected(422), "rejected"), (core.Conflict(409), "conflict")],
)
def test_a_refusal_of_what_may_have_been_applied_before_is_final_and_claims_nothing_of_the_earlier_call(
    make_service, refusal, code
):
    service = make_service(core_honours_idempotency="true")
    service.core.script = {"1": core.BrokenOff()}
    service.patch(A, **KEY)
    service.core.script = {"1": refusal}

    again = service.patch(A, **KEY)
    sent(service)
    last = service.patch(A, **KEY)

    [error] = assert_problem(again, 502, "core-failed")["errors"]
    assert (error["code"], error["outcome"], error["retryable"]) == (code, "unknown", False)
    assert error["detail"].endswith("An earlier call may have updated it.")
    assert (sent(service), last.headers["Idempotency-Replayed"]) == ([], "true")
    assert last.get_json()["errors"] == [error]


@pytest.mark.parametrize("failure", [core.TimedOut(), core.BrokenOff(), core.BadAnswer(), core.ServerFailed(500)])
@pytest.mark.parametrize("honours", ["true", "false"])
@pytest.mark.parametrize("key", [KEY, {}], ids=["key", "no-key"])
def test_an_unknown_item_is_retryable_where_a_repeat_sends_it_with_the_key_that_the_core_honours(
    make_service, failure, honours, key
):
    service = make_service(core_honours_idempotency=honours)
    service.core.script = {"1": failure}
    is_retryable = honours == "true" and bool(key)

    [error] = service.patch(A, **key).get_json()["errors"]
    [same] = service.patch(A, **key).get_json()["errors"]
    service.core.script.clear()
    sent(service)
    service.patch(A, **key)

    assert (error["outcome"], error["retryable"], same) == ("unknown", is_retryable, error)
    assert sent(service) == (["1"] if is_retryable or not key else [])
