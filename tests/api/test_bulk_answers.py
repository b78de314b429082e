"""What the bulk endpoint answers, row by row of contract 1.3 and 1.4."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legacy_client import errors as core
from tests.doubles.service import assert_problem

A, B, C = ({"actionId": str(n), "status": "active"} for n in (1, 2, 3))


def test_200_when_every_item_was_updated(service):
    service.core.script["1"] = {"id": 1, "state": 2, "title_en": "Leave", "author": 9}

    response = service.patch(A, B)

    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.get_json() == {
        "data": [
            {"actionId": "1", "status": "active", "title": {"en": "Leave"}, "author_id": 9},
            {"actionId": "2", "status": "active"},
        ]
    }


def test_an_empty_answer_of_the_core_shows_what_was_submitted(service):
    service.core.script["1"] = {}

    assert service.patch(A).get_json() == {"data": [A]}


def test_207_when_some_were_and_some_were_not(service):
    service.core.script["2"] = core.NotFound(404)

    response = service.patch(A, B, C)

    assert response.status_code == 207
    assert [action["actionId"] for action in response.get_json()["data"]] == ["1", "3"]
    assert response.get_json()["errors"] == [
        {
            "index": 1,
            "actionId": "2",
            "status": 404,
            "code": "not_found",
            "detail": "Action 2 was not found.",
            "outcome": "not_applied",
            "retryable": False,
        }
    ]


def test_400_when_the_core_rejected_what_was_sent(service):
    service.core.script["1"] = core.Rejected(422, errors={"due_at": ["must be later"]})
    service.core.script["2"] = core.NotFound(404)

    problem = assert_problem(service.patch(A, B), 400, "core-rejected")

    assert [(error["index"], error["status"]) for error in problem["errors"]] == [(0, 422), (1, 404)]
    assert problem["errors"][0]["errors"] == {"due_date": ["must be later"]}


def test_404_when_none_was_found(service):
    service.core.script = {"1": core.NotFound(404), "2": core.NotFound(404)}

    problem = assert_problem(service.patch(A, B), 404, "not-found")

    assert len(problem["errors"]) == 2


def test_502_when_the_core_refuses_the_gateways_credentials(service):
    service.core.script["1"] = core.AccessDenied(401, message="bad key 123")

    response = service.patch(A)

    assert_problem(response, 502, "core-misconfigured")
    assert "bad key" not in response.text
    assert "WWW-Authenticate" not in response.headers


def test_502_when_the_core_broke_off(service):
    service.core.script["1"] = core.BrokenOff("reset by 10.0.0.1")

    response = service.patch(A)

    assert assert_problem(response, 502, "core-failed")["errors"][0]["outcome"] == "unknown"
    assert "10.0.0.1" not in response.text


def test_no_answer_claims_that_an_unknown_item_was_not_updated(service):
    service.core.script = {"1": core.BrokenOff(), "2": core.TimedOut()}

    one, both = service.patch(A).get_json(), service.patch(A, B).get_json()

    assert one["detail"] == "It is not known whether the action was updated; read its outcome."
    assert both["detail"].startswith("None of the 2 actions is known to be updated, and at least one may be;")


def test_503_when_nothing_was_applied_and_waiting_helps(service):
    service.core.script = {"1": core.Busy(429, retry_after=4.2), "2": core.Unreachable()}

    response = service.patch(A, B)

    assert_problem(response, 503, "temporarily-unavailable")
    assert response.headers["Retry-After"] == "5"


def test_504_when_time_ran_out(service):
    service.core.script["1"] = core.TimedOut()

    response = service.patch(A)

    assert_problem(response, 504, "core-timed-out")
    assert "Retry-After" not in response.headers


def test_an_item_is_updated_though_fields_of_the_cores_answer_cannot_be_read(service):
    service.core.script["1"] = {"id": 1, "state": 99, "author": {"id": 7}, "category": "FORM"}

    response = service.patch(A)

    assert response.status_code == 200
    [action] = response.get_json()["data"]
    assert action == {
        "actionId": "1",
        "category_action": "form",
        "status": A["status"],
        "unreadable": ["status", "author_id"],
    }


def test_every_item_error_is_listed_however_many(service):
    items = [{"actionId": str(n), "status": "done"} for n in range(1, 251)]
    service.core.script = {item["actionId"]: core.NotFound(404) for item in items}

    assert len(assert_problem(service.patch(*items), 404, "not-found")["errors"]) == 250


def test_the_wait_of_a_partial_success_is_in_the_header_too(service):
    service.core.script["2"] = core.Busy(503, retry_after=9)

    response = service.patch(A, B)

    assert response.status_code == 207
    assert response.headers["Retry-After"] == "9"
    assert response.get_json()["errors"][0]["retry_after"] == 9


@pytest.mark.parametrize("flag", ["true", "false"])
def test_a_dry_run_validates_and_sends_nothing(service, flag):
    response = service.patch(A, B, query=f"?dry_run={flag}")

    assert response.status_code == 200
    if flag == "true":
        assert response.get_json() == {"data": [], "validated": 2}
    assert len(service.core.calls) == (0 if flag == "true" else 2)


def test_a_dry_run_refuses_what_the_real_run_would(service):
    assert_problem(service.patch({"actionId": "1"}, query="?dry_run=true"), 400, "validation-failed")


@pytest.mark.parametrize(
    "query", ["?dryrun=true", "?dry_run=1", "?dry_run=", "?dry_run=true&dry_run=false", "?x=y&dry_run=true"]
)
def test_a_parameter_that_is_not_known_never_writes(service, query):
    assert_problem(service.patch(A, query=query), 400, "unknown-parameter")
    assert service.core.calls == []


def test_a_query_without_parameters_is_none(service):
    assert service.patch(A, query="?&").status_code == 200


@pytest.mark.parametrize(
    ("prefer", "applied", "seconds"),
    [
        ("wait=3", "wait=3", 3),
        ("respond-async, wait=3", "wait=3", 3),
        ('wait="7"', "wait=7", 7),
        ("wait=900", None, 25),
        ("wait=-1", None, 25),
        ("return=minimal", None, 25),
        ('foo="a, wait=5"', None, 25),
        ("respond-async; wait=5", None, 25),
        ("wait=3; x=y, wait=3", "wait=3", 3),
    ],
)
def test_prefer_wait_lowers_the_deadline(service, prefer, applied, seconds):
    response = service.patch(A, Prefer=prefer)

    assert response.headers.get("Preference-Applied") == applied
    assert service.core.contexts[0].deadline.remaining() == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize("prefer", ["wait=3, wait=9", "wait=3; x=y,wait=0", 'respond-async, wait=9, foo, wait="3"'])
def test_two_waits_that_differ_are_refused(service, prefer):
    problem = assert_problem(service.patch(A, Prefer=prefer), 400, "bad-request")

    assert problem["detail"] == "Prefer asks for waits of different length; send one."
    assert service.core.calls == []


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/html, image/gif;q=.2",
        "application/xml;q=1., text/*",
        "*/*;q=0",
        "*;q=0.000",
        "application/*;q=0, text/html",
        "application/json;q=0",
        "application/hal+json;q=0",
        "application/hal+json;q=0, text/html",
        "application/*;q=0, */*",
        "application/json;version=1.0;q=0",
        'text/html;title="a, */*"',
    ],
)
def test_an_answer_without_json_is_not_to_be_had(service, accept):
    assert_problem(service.patch(A, Accept=accept), 406, "not-acceptable")
    assert service.core.calls == []


def test_json_that_is_excluded_by_name_is_not_acceptable_whatever_a_wildcard_says(service):
    assert_problem(service.patch(A, Accept="application/json;q=0, */*"), 406, "not-acceptable")


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/json",
        "text/html, application/*;q=0.5",
        "application/json; q=0.1",
        "application/json; charset=UTF-8",
        "",
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
        "application/json;q=1.",
        "*/*;q=.8",
        "application/json;odata=verbose",
        "application/json;charset=utf8",
        "application/json;version=1.0",
        'application/json;profile="a, text/html;q=0"',
        "Application/JSON",
        "application/vnd.partner+json",
        "application/problem+json, application/json",
        "text/html, */*;q=0.1",
        "application/json;q=high",
        "application/json;q=0, application/json;version=2",
        ",, ,application/json",
        "json",
        ";;;",
        "*/*, application/xml;q=0",
        "application/hal+json;q=0, */*",
        "application/problem+json;q=0, */*",
        "application/vnd.partner+json;q=0, application/*",
        "application/hal+json;q=0, application/json",
        "*/*;q=0, application/*",
        "application/*;q=0, application/json",
    ],
)
def test_json_may_be_asked_for_in_many_ways(service, accept):
    assert service.patch(A, Accept=accept).status_code == 200


FAILURES = [
    core.NotFound(404), core.Rejected(400), core.Conflict(409), core.Busy(429, retry_after=2), core.Unreachable(),
    core.TimedOut(), core.BrokenOff(), core.BadAnswer(), core.ServerFailed(500), core.AccessDenied(403),
    core.Stopped("deadline"), core.CircuitOpen(retry_after=3), core.Untrusted(),
]  # fmt: skip


def _status(failures, items):
    """Contract 1.3's table, read from its first row to its last."""
    kinds = {type(failure) for failure in failures}
    if not failures:
        return 200
    if len(failures) < items:
        return 207
    if core.TimedOut in kinds:
        return 504
    if kinds & {core.BrokenOff, core.BadAnswer, core.ServerFailed}:
        return 502
    if kinds & {core.Busy, core.Unreachable, core.Stopped, core.CircuitOpen}:
        return 503
    if kinds & {core.AccessDenied, core.Untrusted}:
        return 502
    return 404 if kinds == {core.NotFound} else 400


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.none() | st.sampled_from(FAILURES), min_size=1, max_size=12))
def test_for_any_mix_there_is_one_outcome_per_item_in_order_and_the_verdicts_status(service, results):
    items = [{"actionId": str(number), "status": "done"} for number in range(1, len(results) + 1)]
    service.core.script = {str(number): failure for number, failure in enumerate(results, 1) if failure}

    response = service.patch(*items)

    body = response.get_json()
    updated = [int(action["actionId"]) - 1 for action in body.get("data", [])]
    failed = [error["index"] for error in body.get("errors", [])]
    assert response.status_code == _status([failure for failure in results if failure], len(results))
    assert updated == [index for index, failure in enumerate(results) if failure is None]
    assert failed == [index for index, failure in enumerate(results) if failure is not None]


def test_a_charset_that_is_not_utf_8_is_named(service):
    response = service.patch(A, Content_Type="application/json; charset=latin-1")

    assert_problem(response, 415, "unsupported-media-type")
    assert response.get_json()["detail"] == "The charset must be UTF-8, not 'latin-1'."


def test_a_dry_run_has_no_deadline_to_lower(service):
    response = service.patch(A, query="?dry_run=true", Prefer="wait=3")

    assert "Preference-Applied" not in response.headers
