"""A partner looks up what is kept under its own key, without the body (``contract.md`` 1.8)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from legacy_client import errors as core
from tests.doubles.service import assert_problem

BATCHES = "/openapi/api/v1/batches/"
GOOD = {"Authorization": "Bearer good"}
A, B, C = ({"actionId": str(n), "status": "active"} for n in (1, 2, 3))
KEY = {"Idempotency_Key": "batch-1"}


@pytest.fixture
def look(service):
    def look(key="batch-1", **headers):
        return service.client.get(BATCHES + key, headers=GOOD | headers)

    return look


def test_it_is_what_the_batch_was_answered_with(service, look):
    service.core.script = {"2": core.NotFound(404)}
    first = service.patch(A, B, C, **KEY)
    service.core.calls.clear()

    found = look()

    assert (found.status_code, first.status_code) == (200, 207)
    assert found.get_json() == {"status": 207, "complete": True, **first.get_json()}
    assert found.headers["Cache-Control"] == "no-store"
    assert service.core.calls == []


def test_a_batch_without_a_failure_has_no_errors(service, look):
    service.patch(A, **KEY)

    assert look().get_json() == {
        "status": 200,
        "complete": True,
        "data": [{"actionId": "1", "status": "active"}],
        "errors": [],
    }


def test_what_a_repeat_would_send_is_told_with_its_id_and_the_batch_is_not_complete(service, look):
    service.core.script = {"2": core.Busy(503, retry_after=3)}
    service.patch(A, B, **KEY)

    found = look().get_json()

    assert (found["status"], found["complete"]) == (207, False)
    [error] = found["errors"]
    assert (error["index"], error["actionId"], error["code"], error["retryable"]) == (1, "2", "core_busy", True)


def test_a_batch_of_which_nothing_was_updated_is_told_with_its_status_and_is_found_all_the_same(service, look):
    service.core.script = {"1": core.NotFound(404)}
    service.patch(A, **KEY)

    found = look()

    assert (found.status_code, found.get_json()["status"]) == (200, 404)


@pytest.mark.parametrize(("honours", "retryable"), [("false", False), ("true", True)])
def test_an_unknown_item_is_retryable_where_a_repeat_sends_it(make_service, honours, retryable):
    service = make_service(core_honours_idempotency=honours)
    service.core.script = {"1": core.BrokenOff()}
    service.patch(A, B, **KEY)

    [error] = service.client.get(f"{BATCHES}batch-1", headers=GOOD).get_json()["errors"]

    assert (error["outcome"], error["retryable"]) == ("unknown", retryable)


def test_of_a_batch_whose_worker_died_each_item_is_told_as_far_as_it_got(make_service):
    service = make_service(batch_concurrency="1")

    def die(operation, updates, context):
        context.marks.begin(range(len(updates)))
        yield 0, {"id": 1}
        raise SystemExit

    service.core.send = die
    with pytest.raises(SystemExit):
        service.patch(A, B, C, **KEY)

    found = service.client.get(f"{BATCHES}batch-1", headers=GOOD).get_json()

    assert [updated["actionId"] for updated in found["data"]] == ["1"]
    assert [(error["actionId"], error["code"], error["outcome"]) for error in found["errors"]] == [
        ("2", "interrupted", "unknown"),
        ("3", "interrupted", "unknown"),
    ]


def test_a_key_that_was_never_used_is_not_found(look):
    assert_problem(look("never"), 404, "batch-not-found")


def test_a_key_of_another_is_not_found(service, look):
    service.patch(A, **KEY)
    service.allow(id="partners:bob")

    assert_problem(look(), 404, "batch-not-found")


def test_what_was_refused_or_never_sent_is_not_found(service, look):
    service.patch({"actionId": "x"}, **KEY)
    assert_problem(look(), 404, "batch-not-found")
    service.core.script = {"1": core.Unreachable()}
    service.patch(A, **KEY)
    assert_problem(look(), 404, "batch-not-found")


def test_while_it_runs_the_caller_is_told_when_to_come_back(service, look):
    inner = []

    def send(operation, updates, context):
        inner.append(look())
        yield 0, {}

    service.core.send = send

    assert service.patch(A, **KEY).status_code == 200
    assert_problem(inner[0], 409, "in-progress")
    assert int(inner[0].headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    "key", ["a/b", "/a", "//", "a%b", "100%25", "a?b#c", "..", 'quoted "x"'.replace(" ", "_"), "x" * 255]
)
def test_any_key_can_be_looked_up(service, look, key):
    service.patch(A, Idempotency_Key=key)

    assert look(quote(key, safe="")).get_json()["status"] == 200


def test_a_key_with_a_comma_is_looked_up_without_its_quotes(service, look):
    service.patch(A, Idempotency_Key='"a,b"')

    assert look("a,b").status_code == 200


def test_an_escape_is_taken_in_the_key_alone(service):
    for path in ("/openapi/api/v1/batche%73/batch-1", "/openapi%2fapi/v1/batches/batch-1", "/%6detrics"):
        assert_problem(service.client.get(path, headers=GOOD), 404, "no-such-page")


def test_whom_a_batch_would_be_refused_its_record_is(make_service):
    service = make_service(required_role="actions:write")

    assert_problem(service.client.get(f"{BATCHES}batch-1"), 401, "invalid-token")
    assert_problem(service.client.get(f"{BATCHES}batch-1", headers=GOOD), 403, "insufficient-scope")


def test_it_takes_no_parameters_and_no_other_method(service, look):
    assert_problem(look("batch-1?dry_run=true"), 400, "unknown-parameter")
    assert_problem(service.client.patch(f"{BATCHES}batch-1", headers=GOOD), 405, "method-not-allowed")


def test_looks_are_bounded_by_what_they_bring_back(make_service):
    service = make_service(unsent_rate_limit="2/minute", rate_limit="1/minute")
    assert service.patch(A, **KEY).status_code == 200

    looks = [service.client.get(f"{BATCHES}batch-1", headers=GOOD) for _ in range(4)]

    assert [answer.status_code for answer in looks] == [200, 200, 200, 429]
    assert looks[0].headers["RateLimit"].startswith('"unsent-kib";r=1;t=')


def test_a_look_for_what_is_not_there_costs_too(make_service):
    service = make_service(unsent_rate_limit="1/minute")

    looks = [service.client.get(f"{BATCHES}never", headers=GOOD) for _ in range(3)]

    assert [answer.status_code for answer in looks] == [404, 404, 429]


def test_the_log_names_the_key_by_a_fingerprint_that_is_the_same_for_its_repeats(service, look, caplog):
    caplog.set_level("INFO")
    service.patch(A, **KEY)
    service.patch(A, **KEY)
    look()
    service.patch(A)

    lines = [record for record in caplog.records if record.message == "request_ended"]
    told = [getattr(line, "key_fingerprint", None) for line in lines]
    assert told == ["5d7f173156f93ccd"] * 3 + [None]
    assert "batch-1" not in str([vars(line) for line in lines])
