"""What is read and not sent on, because it is refused or rehearsed, counts by its size against a rate of its own."""

from __future__ import annotations

import pytest

from gateway.admission.idempotency.key import fingerprint
from tests.api.hostile.hostility import put
from tests.doubles.service import assert_problem

ITEM = {"actionId": "1", "status": "done"}
RIGHT = b'{"data":[{"actionId":"1","status":"done"}]}'
LARGE = b'{"data":[' + b" " * 8_000 + b"]}"


def assert_over(service):
    """The next request, though it is valid, is refused and reaches nobody."""
    response = service.patch(ITEM)

    problem = assert_problem(response, 429, "quota-exceeded")
    assert problem["detail"].startswith("Too much was sent that was refused, repeated or only rehearsed.")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert response.headers["RateLimit-Policy"] == '"unsent-kib";q=10;w=60'
    assert response.headers["RateLimit"] == f'"unsent-kib";r=0;t={response.headers["Retry-After"]}'
    assert service.core.calls == []


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (LARGE, 400, "validation-failed"),
        (LARGE[:-1], 400, "invalid-json"),
        (b"\xff" + LARGE, 400, "invalid-json"),
        (b'{"data":[' + b"1," * 4_000 + b"1]}", 413, "batch-too-large"),
    ],
)
def test_bodies_that_are_refused_are_charged_until_their_sender_is_over_the_rate(make_service, body, status, slug):
    service = make_service(unsent_rate_limit="10/minute")

    assert_problem(service.patch(body=body), status, slug)
    assert_problem(service.patch(body=body), status, slug)

    assert_over(service)


def test_a_body_that_is_cut_off_at_the_limit_is_charged_too(make_service):
    service = make_service(unsent_rate_limit="10/minute", max_body_bytes=100_000)
    stream = service.client.patch(
        "/openapi/api/v1/actions",
        data=b" " * 200_000,
        headers={"Authorization": "Bearer good", "Content-Type": "application/json"},
        environ_overrides={"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
    )

    assert_problem(stream, 413, "body-too-large")
    assert_over(service)


def test_a_dry_run_is_charged_and_its_answer_stands(make_service):
    service = make_service(unsent_rate_limit="10/minute")
    large = b'{"data":[' + b" " * 11_000 + b'{"actionId":"1","status":"done"}]}'

    assert service.patch(body=large, query="?dry_run=true").get_json()["validated"] == 1

    assert_over(service)


def test_a_batch_that_is_sent_costs_nothing_of_it(make_service):
    service = make_service(unsent_rate_limit="1/minute")

    assert [service.patch(ITEM).status_code for _ in range(5)] == [200] * 5


def test_a_repeat_is_charged_by_what_is_stored_and_its_answer_stands(make_service):
    service = make_service(unsent_rate_limit="10/minute")
    details = {"actionId": "1", "status": "done", "details": {"en": "x" * 8_000}}
    first = service.patch(details, Idempotency_Key="k")
    repeats = [service.patch(details, Idempotency_Key="k") for _ in range(2)]

    assert [answer.headers.get("Idempotency-Replayed") for answer in (first, *repeats)] == [None, "true", "true"]
    assert {answer.data for answer in repeats} == {first.data}
    assert len(service.core.calls) == 1
    service.core.calls.clear()
    assert_over(service)


def test_a_repeat_of_a_small_answer_is_charged_by_its_body(make_service):
    service = make_service(unsent_rate_limit="10/minute")
    body = b'{"data":[' + b" " * 11_000 + b'{"actionId":"1","status":"done"}]}'
    for _ in range(2):
        assert service.patch(body=body, Idempotency_Key="k").status_code == 200
    service.core.calls.clear()

    assert_over(service)


def test_another_body_under_a_key_is_charged(make_service):
    service = make_service(unsent_rate_limit="10/minute")
    service.patch(ITEM, Idempotency_Key="k")
    service.core.calls.clear()
    other = b'{"data":[' + b" " * 11_000 + b'{"actionId":"2","status":"done"}]}'
    assert_problem(service.patch(body=other, Idempotency_Key="k"), 422, "idempotency-key-reused")

    assert_over(service)


def test_a_batch_that_is_over_the_rate_of_items_is_charged(make_service):
    service = make_service(unsent_rate_limit="10/minute", rate_limit="1/minute")
    assert service.patch(ITEM).status_code == 200
    service.core.calls.clear()
    body = b'{"data":[' + b" " * 11_000 + b'{"actionId":"2","status":"done"}]}'
    refused = service.patch(body=body)
    assert_problem(refused, 429, "quota-exceeded")
    assert refused.headers["RateLimit-Policy"] == '"items";q=1;w=60'

    assert_over(service)


def test_a_repeat_while_the_first_still_runs_is_charged(make_service):
    service = make_service(unsent_rate_limit="10/minute")
    body = b'{"data":[' + b" " * 11_000 + b'{"actionId":"1","status":"done"}]}'
    digest = fingerprint("PATCH", "/openapi/api/v1/actions", body)
    claim = service.backends.idempotency.claim("partners:alice", "k", digest, 1, lambda: None)
    assert_problem(service.patch(body=body, Idempotency_Key="k"), 409, "in-progress")

    assert_over(service)
    claim.abandon()


def test_others_are_served_meanwhile(make_service):
    service = make_service(unsent_rate_limit="1/minute")
    for _ in range(2):
        service.patch(body=b"{")
    assert_problem(service.patch(ITEM), 429, "quota-exceeded")

    service.allow(id="partners:bob")

    assert service.patch(ITEM).status_code == 200


def test_the_integration_endpoint_charges_too(make_service):
    service = make_service(unsent_rate_limit="1/minute")
    assert_problem(put(service, b"{"), 400, "invalid-json")
    assert_problem(put(service, b"{"), 400, "invalid-json")

    assert_problem(put(service, b'{"name": "x"}'), 429, "quota-exceeded")


def test_where_there_is_no_such_rate_nobody_is_over_it(make_service):
    service = make_service(unsent_rate_limit="")

    assert {service.patch(body=LARGE).status_code for _ in range(20)} == {400}


@pytest.mark.parametrize(
    ("body", "query", "status"), [(b"{", "", 400), (LARGE, "", 400), (RIGHT, "?dry_run=true", 200)]
)
def test_what_is_charged_tells_what_is_left_of_the_rate(make_service, body, query, status):
    response = make_service(unsent_rate_limit="10/minute").patch(body=body, query=query)

    assert response.status_code == status
    assert response.headers["RateLimit-Policy"] == '"unsent-kib";q=10;w=60'
    assert response.headers["RateLimit"].startswith(f'"unsent-kib";r={9 - len(body) // 1024};t=')


def test_on_the_integration_endpoint_both_rates_are_told(make_service):
    response = put(make_service(unsent_rate_limit="10/minute"), b"{")

    assert_problem(response, 400, "invalid-json")
    assert response.headers["RateLimit-Policy"] == '"requests";q=500;w=60, "unsent-kib";q=10;w=60'


def test_operators_see_which_rate_a_429_was_about(make_service, caplog):
    caplog.set_level("INFO")
    service = make_service(unsent_rate_limit="2/minute", rate_limit="1/minute", key_rate_limit="1/minute")
    service.patch(ITEM)
    service.patch(ITEM)
    put(service, b"{")
    put(service, b"{")
    for _ in range(2):
        service.patch(body=b"{")
    service.patch(ITEM)

    ended = [record for record in caplog.records if record.message == "request_ended" and record.status == 429]
    assert [record.policy for record in ended] == ["items", "requests", "unsent-kib"]
    shown = service.client.get("/metrics").text
    for line in ended:
        labels = f'policy="{line.policy}",route="{line.route}"'
        assert f"gateway_rate_limited_total{{{labels}}} 1.0" in shown
    assert not [
        record
        for record in caplog.records
        if record.message == "request_ended" and record.status != 429 and hasattr(record, "policy")
    ]
