from __future__ import annotations

import pytest

from legacy_client.errors import (
    AccessDenied,
    BadAnswer,
    BrokenOff,
    Busy,
    CircuitOpen,
    Conflict,
    CoreError,
    NotFound,
    Rejected,
    ServerFailed,
    Stopped,
    TimedOut,
    Unreachable,
    Unsendable,
    Untrusted,
)
from legacy_client.sending.retry import RetryPolicy, combined, is_retryable
from tests.doubles.core_parts import some_budget, some_policy

SAFE = [Unreachable(), Busy(429), Busy(503), ServerFailed(500, atomic=True)]
UNCERTAIN = [TimedOut(), BrokenOff(), BadAnswer(), ServerFailed(500)]
FINAL = [
    Untrusted(), Unsendable(), CircuitOpen(), Stopped("deadline"), NotFound(404), Conflict(409), Rejected(422),
    AccessDenied(401), AccessDenied(403),
]  # fmt: skip


@pytest.mark.parametrize("honours", [True, False])
@pytest.mark.parametrize("error", SAFE, ids=repr)
def test_what_was_certainly_not_applied_may_be_sent_again(error: CoreError, honours: bool) -> None:
    assert is_retryable(error, honours_idempotency=honours)


@pytest.mark.parametrize("honours", [True, False])
@pytest.mark.parametrize("error", UNCERTAIN, ids=repr)
def test_what_may_have_been_applied_is_sent_again_only_if_the_core_honours_keys(
    error: CoreError, honours: bool
) -> None:
    assert is_retryable(error, honours_idempotency=honours) is honours


@pytest.mark.parametrize("honours", [True, False])
@pytest.mark.parametrize("error", FINAL, ids=repr)
def test_what_cannot_be_helped_by_repeating_is_final(error: CoreError, honours: bool) -> None:
    assert not is_retryable(error, honours_idempotency=honours)


@pytest.mark.parametrize("latest", [*SAFE, *UNCERTAIN, *FINAL], ids=repr)
def test_the_first_attempt_speaks_for_itself(latest: CoreError) -> None:
    assert combined(None, latest) is latest


@pytest.mark.parametrize("earlier", UNCERTAIN, ids=repr)
@pytest.mark.parametrize(
    "latest", [*SAFE, Conflict(409), AccessDenied(401), Untrusted(), CircuitOpen(), Stopped("deadline")], ids=repr
)
def test_uncertainty_is_not_removed_by_an_answer_about_something_else(earlier: CoreError, latest: CoreError) -> None:
    assert combined(earlier, latest) is earlier


@pytest.mark.parametrize("earlier", [*SAFE, *UNCERTAIN], ids=repr)
@pytest.mark.parametrize("latest", [NotFound(404), Rejected(422), *UNCERTAIN], ids=repr)
def test_an_answer_about_the_action_or_new_uncertainty_is_news(earlier: CoreError, latest: CoreError) -> None:
    assert combined(earlier, latest) is latest


@pytest.mark.parametrize("latest", [Stopped("deadline"), CircuitOpen(), Unreachable()], ids=repr)
def test_a_call_that_was_refused_once_is_not_called_unsent_later(latest: CoreError) -> None:
    busy = Busy(429)

    assert combined(busy, latest) is busy


def policy(floor: int = 100, **more: float) -> RetryPolicy:
    return some_policy(some_budget(floor=floor), **more)


def test_only_what_can_be_sent_in_time_is_sent_again() -> None:
    failed = {1: Busy(503, retry_after=2.0), 2: Busy(503, retry_after=9.0), 3: Unreachable()}

    assert list(policy().grant(failed, seconds_left=5.0)) == [1, 3]


def test_nothing_is_sent_again_when_no_time_is_left() -> None:
    assert policy().grant({1: Unreachable()}, seconds_left=0.0) == {}


def test_no_more_is_sent_again_than_the_budget_grants() -> None:
    failed: dict[int, CoreError] = {index: Unreachable() for index in range(10)}

    assert list(policy(floor=4).grant(failed, seconds_left=5.0)) == [0, 1, 2, 3]


def test_a_renewed_credential_costs_no_budget() -> None:
    failed: dict[int, CoreError] = {0: Unreachable(), 1: AccessDenied(401), 2: AccessDenied(401)}

    assert list(policy(floor=0).grant(failed, seconds_left=5.0)) == [1, 2]


def waits(failures: dict[int, CoreError], rounds: int, **more: float) -> list[float]:
    waited: list[float] = []
    for attempt in policy(attempts=rounds, **more).rounds(lambda: 1000.0, waited.append):
        attempt.retry_state.set_result(failures)
    return waited


def test_the_back_off_doubles_with_full_jitter_up_to_the_cap() -> None:
    many = [waits({0: Unreachable()}, 6, base_seconds=0.1, cap_seconds=0.5) for _ in range(200)]

    largest = [max(waited[step] for waited in many) for step in range(5)]
    smallest = [min(waited[step] for waited in many) for step in range(5)]
    assert all(top <= bound for top, bound in zip(largest, [0.1, 0.2, 0.4, 0.5, 0.5], strict=True))
    assert all(top > bound / 2 for top, bound in zip(largest, [0.1, 0.2, 0.4, 0.5, 0.5], strict=True))
    assert max(smallest) < 0.1


def test_the_longest_retry_after_is_waited_for_by_all() -> None:
    failures: dict[int, CoreError] = {0: Busy(503, retry_after=3.0), 1: Busy(503, retry_after=1.0), 2: Unreachable()}

    [waited] = waits(failures, 2, base_seconds=0.1)

    assert 3.0 <= waited <= 3.1


def test_there_are_no_more_rounds_than_attempts() -> None:
    assert len(waits({0: Unreachable()}, 4)) == 3


def test_no_round_follows_when_nothing_is_to_be_sent_again() -> None:
    assert waits({}, 4) == []


def test_no_wait_is_begun_that_leaves_no_time_to_send() -> None:
    waited: list[float] = []
    for attempt in policy(base_seconds=0.0).rounds(lambda: 2.0, waited.append):
        attempt.retry_state.set_result({0: Busy(503, retry_after=2.0)})

    assert waited == []
