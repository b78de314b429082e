"""Rates are counted in items on the bulk endpoint: a batch is admitted whole or refused whole."""

from __future__ import annotations

from legacy_client.errors import Busy
from tests.doubles.service import assert_problem


def items(count, first=1):
    return [{"actionId": str(number), "status": "done"} for number in range(first, first + count)]


def test_a_batch_over_the_rate_is_refused_whole_before_its_first_call(make_service):
    service = make_service(rate_limit="10/minute")
    assert service.patch(*items(7)).status_code == 200
    service.core.calls.clear()

    response = service.patch(*items(4))

    assert_problem(response, 429, "quota-exceeded")
    assert int(response.headers["Retry-After"]) >= 1
    assert response.headers["RateLimit-Policy"] == '"items";q=10;w=60'
    assert response.headers["RateLimit"].startswith('"items";r=3;t=')
    assert service.core.calls == []


def test_what_is_left_is_said_on_success_too_and_a_smaller_batch_still_fits(make_service):
    service = make_service(rate_limit="10/minute")
    service.patch(*items(7))
    assert_problem(service.patch(*items(4)), 429, "quota-exceeded")

    response = service.patch(*items(3))

    assert response.status_code == 200
    assert response.headers["RateLimit"].startswith('"items";r=0;t=')


def test_a_batch_larger_than_the_whole_quota_is_told_that_waiting_does_not_help(make_service):
    response = make_service(rate_limit="10/minute").patch(*items(11))

    assert "smaller" in assert_problem(response, 429, "quota-exceeded")["detail"]
    assert "Retry-After" not in response.headers
    assert response.headers["RateLimit-Policy"] == '"items";q=10;w=60'


def test_principals_do_not_share_a_rate(make_service):
    service = make_service(rate_limit="10/minute")
    service.patch(*items(10))
    service.allow(id="partners:bob")

    assert service.patch(*items(10)).status_code == 200


def test_a_principals_own_rate_wins(make_service):
    service = make_service(rate_limit="10/minute")
    service.allow(rate="2/minute")

    assert_problem(service.patch(*items(3)), 429, "quota-exceeded")


def test_nothing_is_counted_for_what_is_refused_or_rehearsed(make_service):
    service = make_service(rate_limit="10/minute")
    service.patch(*items(10), query="?dry_run=true")
    service.patch({"actionId": "1"})

    assert service.patch(*items(10)).status_code == 200


def test_without_a_rate_no_field_is_sent(service):
    assert "RateLimit" not in service.patch(*items(1)).headers


def test_a_repeat_that_is_over_the_rate_is_told_of_both_rates_it_meets(make_service):
    service = make_service(rate_limit="2/minute")
    service.core.script = {"2": Busy(503)}
    assert service.patch(*items(2), Idempotency_Key="a").status_code == 207

    response = service.patch(*items(2), Idempotency_Key="a")

    assert_problem(response, 429, "quota-exceeded")
    assert response.headers["RateLimit-Policy"] == '"items";q=2;w=60, "unsent-kib";q=100000;w=60'
    assert response.headers["RateLimit"].startswith('"items";r=0;t=')
    assert int(response.headers["Retry-After"]) >= 1
