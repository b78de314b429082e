"""Tokens of the gateway's own for the core: fetched once, renewed in time, kept while the endpoint fails."""

from __future__ import annotations

import threading

import pytest

from legacy_client.call_context import CallContext
from legacy_client.credentials import (
    ClientCredentials,
)
from legacy_client.deadline import Deadline
from legacy_client.errors import Unreachable
from legacy_client.transport.memory import VirtualClock
from tests.unit.legacy_client.issuer import CONTEXT, Issuer, bearer


def test_a_token_is_fetched_when_first_needed(credentials: ClientCredentials, issuer: Issuer) -> None:
    before = issuer.fetches

    assert (before, credentials.headers(CONTEXT), issuer.fetches) == (0, bearer("token-1"), 1)


def test_a_token_is_kept_while_it_is_good(credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock) -> None:
    for _ in range(47):
        assert credentials.headers(CONTEXT) == bearer("token-1")
        clock.advance(1.0)

    assert issuer.fetches == 1


def test_a_token_is_renewed_before_it_expires(credentials: ClientCredentials, clock: VirtualClock) -> None:
    credentials.headers(CONTEXT)
    clock.advance(48.0)

    assert credentials.headers(CONTEXT) == bearer("token-2")


def test_while_the_endpoint_fails_the_old_token_is_used_until_it_expires(
    credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock
) -> None:
    credentials.headers(CONTEXT)
    issuer.fault = TimeoutError()
    clock.advance(59.0)
    late = credentials.headers(CONTEXT)
    clock.advance(1.0)

    assert late == bearer("token-1")
    with pytest.raises(Unreachable):
        credentials.headers(CONTEXT)


@pytest.mark.parametrize("fault", [OSError(), ValueError("no JSON"), KeyError("access_token"), RecursionError()])
def test_without_any_token_nothing_can_be_sent(
    credentials: ClientCredentials, issuer: Issuer, fault: Exception
) -> None:
    issuer.fault = fault

    with pytest.raises(Unreachable) as caught:
        credentials.headers(CONTEXT)

    assert caught.value.retry_after == 1.0


def test_a_failing_endpoint_is_not_hammered(
    credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock
) -> None:
    issuer.fault = OSError()
    for _ in range(30):
        with pytest.raises(Unreachable):
            credentials.headers(CONTEXT)
        clock.advance(0.1)

    assert issuer.fetches == 3


def test_the_pause_begins_when_a_fetch_has_failed_however_long_it_took(clock: VirtualClock) -> None:
    fetches = []

    def hangs() -> tuple[str, float]:
        fetches.append(clock())
        clock.advance(2.0)
        raise TimeoutError

    credentials = ClientCredentials(hangs, clock=clock)
    for wait in (0.0, 0.9, 0.2):
        clock.advance(wait)
        with pytest.raises(Unreachable):
            credentials.headers(CONTEXT)

    assert fetches == [1000.0, 1003.1]


def test_it_heals_when_the_endpoint_is_back(
    credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock
) -> None:
    issuer.fault = OSError()
    with pytest.raises(Unreachable):
        credentials.headers(CONTEXT)
    issuer.fault = None
    clock.advance(1.0)

    assert credentials.headers(CONTEXT) == bearer("token-2")


def test_a_refused_token_is_replaced(credentials: ClientCredentials, clock: VirtualClock) -> None:
    refused = credentials.headers(CONTEXT)
    clock.advance(10.0)

    assert credentials.refused(refused) is True
    assert credentials.headers(CONTEXT) == bearer("token-2")


def test_a_fresh_token_that_is_refused_is_not_replaced(credentials: ClientCredentials, issuer: Issuer) -> None:
    refused = credentials.headers(CONTEXT)

    assert credentials.refused(refused) is False
    assert issuer.fetches == 1


def test_a_token_that_somebody_else_replaced_is_not_replaced_again(
    credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock
) -> None:
    refused = credentials.headers(CONTEXT)
    clock.advance(10.0)
    credentials.refused(refused)

    assert credentials.refused(refused) is True
    assert issuer.fetches == 2


def test_a_refused_token_stays_when_there_is_no_other(
    credentials: ClientCredentials, issuer: Issuer, clock: VirtualClock
) -> None:
    refused = credentials.headers(CONTEXT)
    issuer.fault = OSError()
    clock.advance(10.0)

    assert credentials.refused(refused) is False


def test_many_who_need_the_first_token_fetch_it_once() -> None:
    entered, may_go_on = threading.Event(), threading.Event()
    fetches = []

    def fetch() -> tuple[str, float]:
        fetches.append(1)
        entered.set()
        assert may_go_on.wait(30.0)
        return "only", 60.0

    credentials = ClientCredentials(fetch)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(credentials.headers(CONTEXT))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert entered.wait(30.0)
    may_go_on.set()
    for thread in threads:
        thread.join(30.0)

    assert found == [bearer("only")] * 8
    assert len(fetches) == 1


def test_nobody_waits_for_a_token_beyond_their_own_deadline() -> None:
    entered, may_go_on = threading.Event(), threading.Event()

    def fetch() -> tuple[str, float]:
        entered.set()
        assert may_go_on.wait(30.0)
        return "late", 60.0

    credentials = ClientCredentials(fetch)
    fetching = threading.Thread(target=credentials.headers, args=(CONTEXT,))
    fetching.start()
    assert entered.wait(30.0)

    with pytest.raises(Unreachable):
        credentials.headers(CallContext(concurrency=32, deadline=Deadline(0.05)))
    is_still_fetching = fetching.is_alive()
    may_go_on.set()
    fetching.join(30.0)

    assert is_still_fetching
    assert credentials.headers(CONTEXT) == bearer("late")


def test_nobody_waits_for_a_renewal_while_the_old_token_is_good() -> None:
    clock = VirtualClock()
    entered, may_go_on = threading.Event(), threading.Event()
    tokens = iter(["old", "new"])

    def fetch() -> tuple[str, float]:
        token = next(tokens)
        if token == "new":
            entered.set()
            assert may_go_on.wait(30.0)
        return token, 60.0

    credentials = ClientCredentials(fetch, clock=clock)
    credentials.headers(CONTEXT)
    clock.advance(50.0)
    renewing = threading.Thread(target=credentials.headers, args=(CONTEXT,))
    renewing.start()
    assert entered.wait(30.0)

    meanwhile = credentials.headers(CONTEXT)
    may_go_on.set()
    renewing.join(30.0)

    assert meanwhile == bearer("old")
    assert credentials.headers(CONTEXT) == bearer("new")
