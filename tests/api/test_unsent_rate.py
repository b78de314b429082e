"""What is read and not sent on, because it is refused or rehearsed, counts by its size against a rate of its own."""

from __future__ import annotations

import pytest

from tests.api.hostile.hostility import put
from tests.doubles.service import assert_problem

ITEM = {"actionId": "1", "status": "done"}
LARGE = b'{"data":[' + b" " * 8_000 + b"]}"


def assert_over(service):
    """The next request, though it is valid, is refused and reaches nobody."""
    response = service.patch(ITEM)

    problem = assert_problem(response, 429, "quota-exceeded")
    assert problem["detail"].startswith("Too much was sent that was refused, repeated or only rehearsed.")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert response.headers["RateLimit-Policy"] == '"unsent-kib";q=10;w=60'
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
