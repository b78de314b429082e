"""A batch as a job of one part: ``Prefer: respond-async`` on the PATCH (contract 1.6, RFC 7240 section 4.1)."""

from __future__ import annotations

import json

import pytest

from gateway.admission.idempotency.errors import StoreUnavailable
from tests.doubles.job_partner import ITEMS, JOBS, NDJSON, Partner
from tests.doubles.job_worlds import APPLIED, run_all
from tests.doubles.service import assert_problem

ASYNC = {"Prefer": "respond-async"}
KEYED = {**ASYNC, "Idempotency_Key": "k"}


def jobs_of(partner):
    return [job["id"] for job in partner.send("GET").get_json()["data"]]


def test_a_batch_is_handed_over_as_a_job_that_runs(service, partner):
    answer = service.patch(*ITEMS, **ASYNC)

    job = answer.get_json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"{JOBS}/{job['id']}"
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert answer.headers["Retry-After"] == "2"
    assert (job["state"], job["parts"], job["counts"]["total"]) == ("queued", 1, 6)
    assert "Idempotency-Replayed" not in answer.headers
    assert service.core.calls == []

    run_all(partner.chunks)
    *lines, _, last = partner.lines(job["id"])
    assert [(line["index"], line["actionId"], line["action"]) for line in lines] == [
        (n, ITEMS[n]["actionId"], json.loads(APPLIED)) for n in range(6)
    ]
    assert last["complete"] is True


def test_a_permit_is_rung_for_it(service, partner):
    service.patch(*ITEMS, **ASYNC)

    assert partner.chunks.permits() == 1


@pytest.mark.parametrize(
    "prefer", ["Respond-Async", 'respond-async=""', "respond-async=", "respond-async; x=1", "wait=3, respond-async", "a, respond-async"]
)  # fmt: skip
def test_the_preference_is_read_as_the_rfc_writes_it(service, partner, prefer):
    answer = service.patch(*ITEMS, Prefer=prefer)

    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "respond-async")


@pytest.mark.parametrize(
    "prefer", ["respond-async=no", 'a="x, respond-async"', "respond-asynchronously", "wait=3; respond-async"]
)
def test_what_is_another_preference_makes_no_job(service, partner, prefer):
    assert service.patch(*ITEMS, Prefer=prefer).status_code == 200
    assert jobs_of(partner) == []


@pytest.mark.parametrize(
    "sent",
    [
        {"body": json.dumps({"data": [{"actionId": "1", "status": "late"}, {"actionId": "x"}, {"actionId": "1", "colour": 2}]})},
        {"body": json.dumps({"data": [{"actionId": str(n), "status": "done"} for n in range(1, 12)]})},
        {"body": "{"},
        {"body": b"x" * 3_000},
        {"body": "[]", "Content_Type": "text/plain"},
        {"body": '{"data": []}', "query": "?dry=1"},
        {"body": '{"data": []}', "Idempotency_Key": "a,b"},
    ],
    ids=["items", "too-many-items", "no-json", "too-many-bytes", "type", "parameter", "key"],
)  # fmt: skip
def test_what_a_batch_is_refused_for_refuses_the_job_with_the_same_words(make_service, sent):
    service = make_service(core_auth="none", max_batch_items=10, max_body_bytes=2_000)
    partner = Partner(service)

    plain, handed_over = service.patch(**sent), service.patch(**{**sent, **ASYNC})

    told = [{**answer.get_json(), "instance": ""} for answer in (plain, handed_over)]
    assert told[0] == told[1]
    assert plain.status_code == handed_over.status_code >= 400
    assert "Preference-Applied" not in handed_over.headers
    assert jobs_of(partner) == []


def test_a_rehearsal_makes_no_job(service, partner):
    answer = service.patch(*ITEMS, query="?dry_run=true", **ASYNC)

    assert (answer.status_code, answer.get_json()) == (200, {"data": [], "validated": 6})
    assert "Preference-Applied" not in answer.headers
    assert jobs_of(partner) == []


def test_who_wants_a_stream_gets_a_stream(service, partner):
    answer = service.patch(*ITEMS, Accept=NDJSON, **ASYNC)

    assert (answer.status_code, answer.content_type) == (200, NDJSON)
    assert json.loads(answer.get_data().splitlines()[-1])["succeeded"] == 6
    assert "Preference-Applied" not in answer.headers
    assert jobs_of(partner) == []


def test_the_preference_is_ignored_where_no_job_can_be_had(make_service):
    service = make_service(core_auth="forward")
    Partner(service)

    answer = service.patch(*ITEMS, **ASYNC)

    assert (answer.status_code, len(answer.get_json()["data"])) == (200, 6)
    assert "Preference-Applied" not in answer.headers


def test_without_a_worker_nothing_is_taken(service):
    answer = service.patch(*ITEMS, **ASYNC)

    assert_problem(answer, 503, "jobs-unavailable")
    assert answer.headers["Retry-After"] == "60"
    assert service.core.calls == []


def test_the_same_key_and_body_are_the_same_job(service, partner):
    first = service.patch(*ITEMS, **KEYED)
    run_all(partner.chunks)

    again = service.patch(*ITEMS, **KEYED)

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Preference-Applied"] == "respond-async"
    assert again.get_json()["state"] == "succeeded"
    assert "Retry-After" not in again.headers
    assert jobs_of(partner) == [first.get_json()["id"]]


def test_the_same_key_with_another_body_is_refused(service, partner):
    first = service.patch(*ITEMS, **KEYED)

    assert_problem(service.patch(*ITEMS[:3], **KEYED), 422, "idempotency-key-reused")
    assert jobs_of(partner) == [first.get_json()["id"]]


def test_without_a_key_the_same_body_is_another_job(service, partner):
    service.patch(*ITEMS, **ASYNC)
    service.patch(*ITEMS, **ASYNC)

    assert len(jobs_of(partner)) == 2


@pytest.mark.parametrize("accept", ["*/*", NDJSON])
def test_what_ran_as_a_batch_does_not_run_as_a_job_nor_the_other_way_round(service, partner, accept):
    service.patch(*ITEMS, Accept=accept, Idempotency_Key="a").get_data()
    service.core.calls.clear()
    service.patch(*ITEMS, Prefer="respond-async", Idempotency_Key="b")

    as_job = service.patch(*ITEMS, Prefer="respond-async", Idempotency_Key="a")
    as_batch = service.patch(*ITEMS, Accept=accept, Idempotency_Key="b")

    assert_problem(as_job, 422, "idempotency-key-reused")
    assert_problem(as_batch, 422, "idempotency-key-reused")
    assert service.core.calls == []
    assert len(jobs_of(partner)) == 1


def test_a_key_that_made_an_empty_job_is_not_that_of_a_batch(service, partner):
    partner.send("POST", "", {}, Idempotency_Key="k")

    assert_problem(service.patch(*ITEMS, **KEYED), 422, "idempotency-key-reused")
    assert len(jobs_of(partner)) == 1


def test_the_key_of_a_job_that_was_removed_makes_no_other(service, partner):
    job = service.patch(*ITEMS, **KEYED).get_json()["id"]
    run_all(partner.chunks)
    partner.send("DELETE", f"/{job}")

    assert_problem(service.patch(*ITEMS, **KEYED), 404, "job-not-found")
    assert jobs_of(partner) == []


def test_what_is_refused_for_its_number_leaves_nothing_and_the_key_is_free(service, partner):
    for _ in range(5):
        partner.made()
    before = jobs_of(partner)

    problem = assert_problem(service.patch(*ITEMS, **KEYED), 429, "too-many-jobs")

    assert (problem["bound"], problem["most"]) == ("live_jobs", 5)
    assert jobs_of(partner) == before
    assert service.patch(*ITEMS, Idempotency_Key="k").status_code == 200


def test_more_items_than_a_job_holds_leave_nothing(make_service):
    service = make_service(core_auth="none", max_job_items=5)
    partner = Partner(service)

    problem = assert_problem(service.patch(*ITEMS, **KEYED), 413, "job-too-large")

    assert (problem["max_job_items"], problem["received_items"]) == (5, 6)
    assert jobs_of(partner) == []
    assert service.patch(*ITEMS[:5], **KEYED).status_code == 202


@pytest.mark.parametrize("honours", ["true", "false"])
def test_a_repeat_completes_what_was_cut_off(make_service, monkeypatch, honours):
    service = make_service(core_auth="none", core_honours_idempotency=honours)
    partner, jobs = Partner(service), service.backends.jobs.jobs

    def away(*_args, **_more):
        raise StoreUnavailable("gone")

    with monkeypatch.context() as gone:
        gone.setattr(jobs, "start", away)
        assert_problem(service.patch(*ITEMS, **KEYED), 503, "jobs-unavailable")
    # Nobody knows whether it was started, so it must not run as a batch too.
    assert_problem(service.patch(*ITEMS, Idempotency_Key="k"), 422, "idempotency-key-reused")

    again = service.patch(*ITEMS, **KEYED)

    assert (again.status_code, again.get_json()["state"]) == (202, "queued")
    assert jobs_of(partner) == [again.get_json()["id"]]
    assert service.patch(*ITEMS, **KEYED).get_json()["id"] == again.get_json()["id"]
    assert run_all(partner.chunks) == 1
    assert service.core.calls == []


def test_a_job_costs_nothing_of_the_rate_of_items_and_a_repeat_its_body(make_service):
    service = make_service(core_auth="none", rate_limit="6/minute", unsent_rate_limit="100/minute")
    Partner(service)

    first, again = service.patch(*ITEMS, **KEYED), service.patch(*ITEMS, **KEYED)

    assert "RateLimit" not in first.headers
    assert again.headers["RateLimit"].startswith('"unsent-kib";r=99')
    assert service.patch(*ITEMS).status_code == 200


def test_what_is_refused_after_it_was_read_counts_by_its_body(make_service):
    service = make_service(core_auth="none", max_job_items=5, unsent_rate_limit="100/minute")
    Partner(service)

    refused = service.patch(*ITEMS, **ASYNC)

    assert refused.headers["RateLimit"].startswith('"unsent-kib";r=99')


def test_the_jobs_of_others_are_not_theirs(service, partner):
    job = service.patch(*ITEMS, **KEYED).get_json()["id"]
    service.allow(id="partners:bob")

    assert service.patch(*ITEMS, **KEYED).get_json()["id"] != job
    assert_problem(partner.send("GET", f"/{job}"), 404, "job-not-found")


def test_a_look_at_the_key_leads_to_its_job(service, partner):
    job = service.patch(*ITEMS, **KEYED).get_json()

    found = service.client.get("/openapi/api/v1/batches/k", headers={"Authorization": "Bearer good"})

    assert (found.status_code, found.headers["Location"]) == (303, f"{JOBS}/{job['id']}")
