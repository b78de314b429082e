"""Who is over the rate of what is not sent on is refused for a time, and then served again."""

from __future__ import annotations

import pytest
from limits.storage import MemoryStorage
from werkzeug.test import EnvironBuilder

from gateway.admission.rates.limits import RateLimits
from gateway.api.request import GatewayRequest
from gateway.api.unsent import UnsentRate
from gateway.auth.principal import Principal
from gateway.problems import Problem
from tests.doubles.clocks import FakeClock

ALICE = Principal(id="alice", method="keycloak", scopes=frozenset(), authorization="")


def a_request() -> GatewayRequest:
    return GatewayRequest(EnvironBuilder().get_environ())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def rate(clock: FakeClock) -> UnsentRate:
    return UnsentRate(RateLimits("10/minute", MemoryStorage(), name="items"), clock=clock)


@pytest.mark.parametrize(("size", "fit"), [(0, 10), (1023, 10), (1024, 5), (5 * 1024, 1), (9 * 1024, 1)])
def test_each_kib_that_is_begun_costs_one(rate: UnsentRate, size: int, fit: int) -> None:
    for _ in range(fit):
        rate.charge(a_request(), ALICE, size)
        rate.check(a_request(), ALICE)

    rate.charge(a_request(), ALICE, size)

    with pytest.raises(Problem):
        rate.check(a_request(), ALICE)


def test_a_body_larger_than_the_whole_rate_is_paid_for_by_a_window(rate: UnsentRate, clock: FakeClock) -> None:
    rate.charge(a_request(), ALICE, 1_000_000)

    clock.advance(59)
    with pytest.raises(Problem) as caught:
        rate.check(a_request(), ALICE)
    assert caught.value.headers["Retry-After"] == "1"
    clock.advance(1)
    rate.check(a_request(), ALICE)


@pytest.mark.parametrize(("status", "is_charged"), [(400, True), (413, True), (408, False), (503, False)])
def test_only_what_is_wrong_with_the_body_is_charged(rate: UnsentRate, status: int, is_charged: bool) -> None:
    def read() -> None:
        with rate.charged(a_request(), ALICE, lambda _: None) as take:
            take(1_000_000)
            raise Problem("bad-request", status=status)

    with pytest.raises(Problem):
        read()

    if is_charged:
        with pytest.raises(Problem):
            rate.check(a_request(), ALICE)
    else:
        rate.check(a_request(), ALICE)


def test_what_is_taken_is_told_to_the_worker_first(rate: UnsentRate) -> None:
    taken: list[int] = []

    with rate.charged(a_request(), ALICE, taken.append) as take:
        take(3)
        take(4)

    assert taken == [3, 4]


def test_those_who_are_over_it_no_more_are_forgotten_when_they_are_many(rate: UnsentRate, clock: FakeClock) -> None:
    for number in range(10_000):
        rate.charge(
            a_request(), Principal(id=str(number), method="keycloak", scopes=frozenset(), authorization=""), 1_000_000
        )
    clock.advance(61)

    rate.charge(a_request(), ALICE, 1_000_000)

    assert len(rate._over) == 1


def test_an_answer_that_is_charged_tells_what_is_left_and_nothing_once_its_caller_is_over(rate: UnsentRate) -> None:
    fits, goes_over = a_request(), a_request()

    rate.charge(fits, ALICE, 4 * 1024)
    rate.charge(goes_over, ALICE, 9 * 1024)

    assert fits.answer_headers["RateLimit-Policy"] == '"unsent-kib";q=10;w=60'
    assert fits.answer_headers["RateLimit"].startswith('"unsent-kib";r=5;t=')
    assert goes_over.answer_headers["RateLimit"].startswith('"unsent-kib";r=0;t=')


def test_a_rate_stands_beside_the_one_that_the_answer_has(rate: UnsentRate) -> None:
    request = a_request()
    request.add_rate({"RateLimit": '"requests";r=1;t=2', "RateLimit-Policy": '"requests";q=3;w=60'})

    rate.charge(request, ALICE, 1_000_000)

    assert request.answer_headers == {
        "RateLimit": '"requests";r=1;t=2, "unsent-kib";r=0;t=60',
        "RateLimit-Policy": '"requests";q=3;w=60, "unsent-kib";q=10;w=60',
    }
