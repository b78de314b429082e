"""What a caller may send is told before it is sent (``contract.md`` 1.7)."""

from __future__ import annotations

from gateway.api.routes import RESOURCES
from tests.doubles.service import assert_problem

LIMITS = "/openapi/api/v1/limits"
GOOD = {"Authorization": "Bearer good"}
BATCH = {"data": [{"actionId": str(number), "status": "done"} for number in (1, 2, 3)]}


def limits_of(service, **headers):
    return service.client.get(LIMITS, headers=GOOD | headers)


def test_it_tells_the_settings_that_hold_for_a_batch(make_service):
    service = make_service(
        max_batch_items="20",
        max_body_bytes="2048",
        batch_concurrency="7",
        batch_deadline="9",
        idempotency_ttl="3600",
        languages="en,de",
        rate_limit="10/minute",
    )

    answer = limits_of(service)

    assert answer.status_code == 200
    of_each = {
        "max_items": 20,
        "max_bytes": 2048,
        "rate": {"unit": "items", "limit": 10, "seconds": 60},
        "concurrency": 7,
        "deadline_seconds": 9.0,
        "idempotency_seconds": 3600.0,
        "languages": ["en", "de"],
        "jobs": None,
    }
    assert answer.get_json() == {make(("en",), 1, lambda: None).plural: of_each for make in RESOURCES}
    assert answer.get_json()["actions"] == of_each
    assert answer.headers["Cache-Control"] == "no-store"


def test_where_jobs_can_be_had_it_tells_their_bounds(make_service):
    service = make_service(core_auth="none", max_job_items="70")

    assert limits_of(service).get_json()["actions"]["jobs"] == {
        "max_job_items": 70,
        "max_parts": 10_000,
        "live_jobs": 5,
    }


def test_without_a_rate_it_says_that_there_is_none(service):
    assert limits_of(service).get_json()["actions"]["rate"] is None


def test_a_caller_with_a_rate_of_its_own_is_told_that(make_service):
    service = make_service(rate_limit="10/minute")
    service.allow(rate="2/hour")

    assert limits_of(service).get_json()["actions"]["rate"] == {"unit": "items", "limit": 2, "seconds": 3600}


def test_whom_a_batch_would_be_refused_the_limits_are(make_service):
    service = make_service(required_role="actions:write")

    assert_problem(service.client.get(LIMITS), 401, "invalid-token")
    assert_problem(limits_of(service, Authorization="Bearer other"), 401, "invalid-token")
    assert_problem(limits_of(service), 403, "insufficient-scope")


def test_it_takes_no_parameters_and_no_other_method(service):
    assert_problem(service.client.get(f"{LIMITS}?of=actions", headers=GOOD), 400, "unknown-parameter")
    refused = service.client.post(LIMITS, headers=GOOD)
    assert_problem(refused, 405, "method-not-allowed")
    assert "GET" in refused.headers["Allow"]


def test_asking_costs_nothing_of_the_rate(make_service):
    service = make_service(rate_limit="3/minute")
    for _ in range(5):
        limits_of(service)

    assert service.client.patch("/openapi/api/v1/actions", json=BATCH, headers=GOOD).status_code == 200


def test_a_refusal_names_the_limit_by_the_same_member(make_service):
    service = make_service(rate_limit="2/minute", max_batch_items="3")
    told = limits_of(service).get_json()["actions"]

    over_rate = assert_problem(service.patch(*BATCH["data"]), 429, "quota-exceeded")
    too_many = assert_problem(
        service.patch(*BATCH["data"], {"actionId": "4", "status": "done"}), 413, "batch-too-large"
    )

    assert over_rate["rate"] == told["rate"]
    assert too_many["max_items"] == told["max_items"]


def test_a_rate_of_what_is_not_sent_on_is_named_with_its_unit(make_service):
    service = make_service(unsent_rate_limit="1/minute")
    large = {"actionId": "x" * 2048}
    service.patch(large)

    assert assert_problem(service.patch(large), 429, "quota-exceeded")["rate"] == {
        "unit": "unsent-kib",
        "limit": 1,
        "seconds": 60,
    }
