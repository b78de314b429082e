"""Jobs at their paths (contract 1.6): made, filled, started, looked at, read, changed and retried."""

from __future__ import annotations

import json
import socket

import pytest

from gateway.admission.idempotency.errors import StoreUnavailable
from tests.doubles.job_partner import ITEMS, JOBS, Partner
from tests.doubles.job_worlds import APPLIED, failed, run, run_all
from tests.doubles.service import assert_problem


def test_a_job_is_made_filled_started_run_and_read(partner):
    made = partner.send("POST", "", {"label": "spring", "max_failed_percent": 5, "pause_after": 100})
    job = made.get_json()
    assert made.status_code == 201
    assert made.headers["Location"] == f"{JOBS}/{job['id']}"
    assert {
        name: job[name] for name in ("resource", "label", "state", "max_failed_percent", "pause_after", "parts")
    } == {
        "resource": "actions",
        "label": "spring",
        "state": "uploading",
        "max_failed_percent": 5,
        "pause_after": 100,
        "parts": 0,
    }

    assert partner.send("PUT", f"/{job['id']}/parts/1", {"data": ITEMS[:4]}).status_code == 204
    assert partner.send("PUT", f"/{job['id']}/parts/2", {"data": ITEMS[4:]}).status_code == 204
    begun = partner.send("POST", f"/{job['id']}/start", {"parts": 2})
    assert (begun.status_code, begun.get_json()["state"]) == (202, "queued")
    assert begun.headers["Retry-After"] == "2"
    run_all(partner.chunks)

    ended = partner.send("GET", f"/{job['id']}").get_json()
    assert ended["state"] == "succeeded"
    assert ended["counts"] == {"total": 6, "applied": 6, "failed": 0, "unknown": 0, "unprocessed": 0}
    *lines, cursor, last = partner.lines(job["id"])
    assert lines[4] == {
        "index": 4,
        "part": 2,
        "line": 1,
        "actionId": "5",
        "outcome": "applied",
        "action": json.loads(APPLIED),
    }
    assert [line["index"] for line in lines] == [0, 1, 2, 3, 4, 5]
    assert last == {"cursor": cursor["cursor"], "complete": True}


def test_the_line_of_each_request_names_its_job(service, partner, caplog):
    caplog.set_level("INFO", "gateway")
    made = partner.send("POST").get_json()["id"]
    handed_over = service.patch(*ITEMS, Prefer="respond-async").get_json()["id"]
    partner.send("PUT", f"/{made}/parts/1", {"data": ITEMS})
    partner.send("DELETE", f"/{made}")
    partner.send("GET")
    partner.send("GET", "/01ARZ3NDEKTSV4RRFFQ69G5FAV")

    told = [record for record in caplog.records if record.message == "request_ended"]

    assert [(line.method, line.status, getattr(line, "job", None)) for line in told] == [
        ("POST", 201, made),
        ("PATCH", 202, handed_over),
        ("PUT", 204, made),
        ("DELETE", 202, made),
        ("GET", 200, None),
        ("GET", 404, None),
    ]


def test_a_job_without_wishes_needs_no_body(partner):
    job = partner.send("POST").get_json()

    assert (job["label"], job["max_failed_percent"], job["pause_after"]) == ("", None, None)


@pytest.mark.parametrize(
    ("wish", "field", "code"),
    [
        ({"label": "x" * 201}, "label", "too_long"),
        ({"max_failed_percent": 101}, "max_failed_percent", "out_of_range"),
        ({"pause_after": 0}, "pause_after", "out_of_range"),
        ({"resource": "of nothing"}, "resource", "invalid_choice"),
        ({"colour": "red"}, "colour", "unknown_field"),
    ],
)
def test_what_is_wrong_with_a_wish_is_told(partner, wish, field: str, code: str):
    problem = assert_problem(partner.send("POST", "", wish), 400, "validation-failed")

    assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, code)]


def test_the_same_key_makes_the_same_job_and_another_request_under_it_is_refused(partner):
    first = partner.send("POST", "", {"label": "a"}, Idempotency_Key="k")
    again = partner.send("POST", "", {"label": "a"}, Idempotency_Key="k")
    other = partner.send("POST", "", {"label": "b"}, Idempotency_Key="k")

    assert again.get_json()["id"] == first.get_json()["id"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert_problem(other, 422, "idempotency-key-reused")


def test_without_a_worker_no_job_is_taken_and_a_started_one_goes_on(service):
    partner = Partner(service)
    job = partner.filled(ITEMS)
    partner.chunks.rest("w")
    service.backends.jobs.availability._fresh_until = float("-inf")

    for refused in (partner.send("POST"), partner.send("POST", f"/{job}/start", {"parts": 1})):
        problem = assert_problem(refused, 503, "jobs-unavailable")
        assert refused.headers["Retry-After"] == "60"
        assert problem["detail"] == "No job can be taken now: nothing is there to run it."
    assert partner.send("GET", f"/{job}").status_code == 200


def test_where_the_callers_token_goes_to_the_core_there_are_no_jobs(make_service):
    partner = Partner(make_service(core_auth="forward"))

    problem = assert_problem(partner.send("POST"), 503, "jobs-unavailable")
    assert "your own token" in problem["detail"]


@pytest.mark.parametrize(
    ("reason", "detail"),
    [
        ("SQLITE_BUSY: database is locked", "The store of jobs is busy now."),
        ("SQLITE_IOERR: disk I/O error", "The store of jobs cannot be reached now."),
    ],
)
@pytest.mark.parametrize("fails_for", ["the request", "the look for workers and the request"])
def test_a_store_that_cannot_be_had_is_told_as_that_and_not_as_a_missing_worker(
    service, partner, monkeypatch, reason, detail, fails_for
):
    def fail(*_):
        raise StoreUnavailable(reason)

    monkeypatch.setattr(service.backends.jobs.jobs, "create", fail)
    if fails_for != "the request":
        monkeypatch.setattr(service.backends.jobs.chunks, "gauges", fail)
        service.backends.jobs.availability._fresh_until = float("-inf")

    refused = partner.send("POST")

    assert assert_problem(refused, 503, "jobs-unavailable")["detail"] == detail
    assert refused.headers["Retry-After"] == "5"


def test_a_look_for_workers_that_finds_a_busy_store_keeps_no_job_away(service, partner, monkeypatch):
    def is_busy():
        raise StoreUnavailable("SQLITE_BUSY: database is locked")

    monkeypatch.setattr(service.backends.jobs.chunks, "gauges", is_busy)
    service.backends.jobs.availability._fresh_until = float("-inf")

    assert partner.send("POST").status_code == 201


def test_a_job_is_its_makers_alone(service, partner):
    job = partner.started(ITEMS)
    service.allow(id="partners:bob")

    for refused in (
        partner.send("GET", f"/{job}"),
        partner.send("GET", f"/{job}/results"),
        partner.send("PUT", f"/{job}/parts/1", {"data": ITEMS}),
        partner.send("POST", f"/{job}/pause"),
        partner.send("DELETE", f"/{job}"),
    ):
        assert_problem(refused, 404, "job-not-found")
    assert partner.send("GET").get_json() == {"data": []}


def test_without_credentials_nothing_is_told(partner):
    for method, path in (("POST", ""), ("GET", ""), ("GET", "/x"), ("PUT", "/x/parts/1"), ("GET", "/x/results")):
        assert_problem(partner.send(method, path, Authorization=""), 401, "invalid-token")


def test_a_principal_has_five_live_jobs(partner):
    for _ in range(5):
        partner.made()
    refused = partner.send("POST")

    problem = assert_problem(refused, 429, "too-many-jobs")
    assert (problem["bound"], problem["most"]) == ("live_jobs", 5)
    assert refused.headers["Retry-After"] == "60"


def test_a_dry_run_of_the_start_starts_nothing(partner):
    job = partner.filled(ITEMS)
    rehearsed = partner.send("POST", f"/{job}/start?dry_run=true", {"parts": 1})

    assert (rehearsed.status_code, rehearsed.get_json()["state"]) == (200, "uploading")
    assert_problem(partner.send("POST", f"/{job}/start?dry_run=true", {"parts": 2}), 409, "job-parts-missing")
    assert_problem(partner.send("POST", f"/{job}/start?dryrun=true", {"parts": 1}), 400, "unknown-parameter")


def test_a_look_that_knows_the_version_brings_nothing(partner):
    job = partner.started(ITEMS)
    first = partner.send("GET", f"/{job}")
    same = partner.send("GET", f"/{job}", If_None_Match=f"W/{first.headers['ETag']}")
    run_all(partner.chunks)
    changed = partner.send("GET", f"/{job}", If_None_Match=first.headers["ETag"])

    assert (same.status_code, same.get_data(), same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert same.headers["Retry-After"] == "2"
    assert (changed.status_code, changed.get_json()["state"]) == (200, "succeeded")
    assert "Retry-After" not in changed.headers


def test_a_look_that_wants_only_what_is_not_there_brings_nothing(partner):
    job = partner.started(ITEMS)

    assert partner.send("GET", f"/{job}", If_None_Match="*").status_code == 304


def test_a_look_waits_for_no_caller_who_has_left(partner, monkeypatch):
    job, waits = partner.started(ITEMS), list[float]()
    monkeypatch.setattr("time.sleep", waits.append)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        caller = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    caller.close()
    partner.service.client.environ_base["gunicorn.socket"] = ours

    assert partner.send("GET", f"/{job}", Prefer="wait=60").status_code == 200
    assert partner.lines(job, "?follow=true")[-1]["complete"] is False
    assert waits == []
    ours.close()


def test_a_look_waits_for_a_change_as_long_as_it_is_asked_to(partner, monkeypatch):
    job, waits = partner.started(ITEMS), list[float]()

    def work_meanwhile(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            run_all(partner.chunks)

    monkeypatch.setattr("time.sleep", work_meanwhile)
    waited = partner.send("GET", f"/{job}", Prefer="wait=30")

    assert waited.get_json()["state"] == "succeeded"
    assert waited.headers["Preference-Applied"] == "wait=30"
    assert waits == [0.5, 0.5, 0.5]


def test_jobs_are_listed_newest_first_in_pages(partner):
    made = [partner.made(label=str(number)) for number in range(3)]
    first = partner.send("GET", "?limit=2").get_json()
    second = partner.send("GET", f"?limit=2&before={first['before']}").get_json()

    assert [job["id"] for job in first["data"] + second["data"]] == made[::-1]
    assert "before" not in second
    assert_problem(partner.send("GET", "?limit=0"), 400, "unknown-parameter")
    assert_problem(partner.send("GET", "?limit=101"), 400, "unknown-parameter")


def test_results_are_chosen_by_outcome_and_resumed_from_a_cursor(partner):
    job = partner.started(ITEMS)
    lease = partner.chunks.next_chunk("w")
    run(partner.chunks, lease, {0: APPLIED, 2: failed("not_found")})
    *lines, cursor, last = partner.lines(job)

    assert [(line["index"], line["outcome"]) for line in lines] == [(0, "applied"), (2, "failed")]
    assert lines[1]["error"] == {
        "index": 2,
        "actionId": "3",
        "status": 404,
        "code": "not_found",
        "detail": "It failed.",
        "outcome": "not_applied",
        "retryable": False,
    }
    assert last == {"cursor": cursor["cursor"], "complete": False}
    assert [line["index"] for line in partner.lines(job, "?outcome=failed")[:-2]] == [2]
    assert partner.lines(job, f"?since={cursor['cursor']}") == [{"cursor": cursor["cursor"], "complete": False}]
    run(partner.chunks, partner.chunks.next_chunk("w"), dict.fromkeys((1, 3, 4, 5), APPLIED))
    assert [line.get("index") for line in partner.lines(job, f"?since={cursor['cursor']}")[:-2]] == [1, 3, 4, 5]


def test_a_cursor_of_another_job_is_refused(partner):
    job, other = partner.started(ITEMS[:3]), partner.started(ITEMS[3:])
    run_all(partner.chunks)
    *_, last = partner.lines(other)
    refused = partner.send("GET", f"/{job}/results?since={last['cursor']}")

    problem = assert_problem(refused, 400, "unknown-parameter")
    assert problem["detail"] == "since must be a cursor of this job's results."


@pytest.mark.parametrize("query", ["?outcome=lost", "?since=x", "?follow=yes", "?page=2", "?since=s0.0&since=s1.0"])
def test_a_wish_for_results_that_is_none_is_refused(partner, query: str):
    job = partner.started(ITEMS)

    assert_problem(partner.send("GET", f"/{job}/results{query}"), 400, "unknown-parameter")


def test_a_job_is_paused_resumed_and_cancelled(partner):
    job = partner.started(ITEMS)

    assert partner.send("POST", f"/{job}/pause").get_json()["state"] == "paused"
    assert partner.chunks.next_chunk("w") is None
    assert partner.send("POST", f"/{job}/resume").get_json()["state"] == "queued"
    cancelled = partner.send("DELETE", f"/{job}")
    assert (cancelled.status_code, cancelled.get_json()["state"]) == (202, "cancelled")
    problem = assert_problem(partner.send("POST", f"/{job}/pause"), 409, "job-state")
    assert (problem["state"], "running" in problem["allowed"]) == ("cancelled", True)
    assert [line.get("outcome") for line in partner.lines(job)[:-2]] == ["unprocessed"] * 6
    assert partner.send("DELETE", f"/{job}").status_code == 204
    assert_problem(partner.send("GET", f"/{job}"), 404, "job-not-found")


def test_a_partner_cannot_resume_what_an_operator_paused_and_is_told_who_did(partner):
    job = partner.started(ITEMS)
    partner.service.backends.jobs.jobs.pause(None, job, "operator")

    problem = assert_problem(partner.send("POST", f"/{job}/resume"), 409, "job-state")

    assert problem["detail"].startswith("An operator of the service paused the job")
    assert partner.send("GET", f"/{job}").get_json()["why"] == "operator"


def test_what_was_left_is_retried_as_another_job(partner):
    job = partner.started(ITEMS)
    lease = partner.chunks.next_chunk("w")
    outcomes = dict.fromkeys(range(4), APPLIED) | {4: failed("core_busy"), 5: failed("not_found")}
    run(partner.chunks, lease, outcomes)
    again = partner.send("POST", f"/{job}/retry")
    new = again.get_json()

    assert again.status_code == 202
    assert (new["counts"]["total"], new["retry_of"]) == (1, job)
    assert new["links"]["retry_of"] == f"{JOBS}/{job}"
    assert partner.send("GET", f"/{job}").get_json()["links"]["retried_as"] == f"{JOBS}/{new['id']}"
    assert partner.send("POST", f"/{job}/retry").get_json()["id"] == new["id"]


def test_a_job_of_which_nothing_is_left_is_not_retried(partner):
    job = partner.started(ITEMS)
    assert_problem(partner.send("POST", f"/{job}/retry"), 409, "job-state")
    run_all(partner.chunks)

    assert_problem(partner.send("POST", f"/{job}/retry"), 409, "job-nothing-to-retry")
