"""When failed calls are sent again: tenacity decides, round by round."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from legacy_client.errors import (
    AccessDenied,
    Busy,
    CoreError,
    MayHaveBeenApplied,
    NotFound,
    NotSent,
    Rejected,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenacity import RetryCallState

    from legacy_client.health.budget import RetryBudget

Failed = dict[int, CoreError]


class RetryPolicy:
    """The back-off has full jitter, from ``base_seconds`` up to ``cap_seconds``.

    The longest ``Retry-After`` of a round is added to it.
    """

    def __init__(self, budget: RetryBudget, *, attempts: int, base_seconds: float, cap_seconds: float) -> None:
        self.attempts = attempts
        self.budget = budget
        self._wait = wait_random_exponential(multiplier=base_seconds, max=cap_seconds) + wait_as_asked()

    def rounds(self, seconds_left: Callable[[], float], pause: Callable[[float], None]) -> Retrying:
        """Set each attempt's result to the failures that shall be sent again."""
        return Retrying(
            stop=stop_after_attempt(self.attempts) | stop_before(seconds_left),
            wait=self._wait,
            retry=retry_if_result(bool),
            sleep=pause,
            retry_error_callback=lambda _state: None,
        )

    def grant(self, failed: Mapping[int, CoreError], seconds_left: float) -> Failed:
        """Those that fit into the time and the budget, in order."""
        in_time = sorted(index for index, error in failed.items() if (error.retry_after or 0.0) < seconds_left)
        # New credentials are no sign of an outage, and come once per batch. So these calls are free.
        free = [index for index in in_time if isinstance(failed[index], AccessDenied)]
        charged = [index for index in in_time if not isinstance(failed[index], AccessDenied)]
        granted = charged[: self.budget.take(len(charged), free=len(free))]
        return {index: failed[index] for index in sorted(free + granted)}


class wait_as_asked(wait_base):  # noqa: N801 -- tenacity names its strategies like functions
    def __call__(self, retry_state: RetryCallState) -> float:
        return max((error.retry_after or 0.0 for error in _failures(retry_state).values()), default=0.0)


class stop_before(stop_base):  # noqa: N801 -- tenacity names its strategies like functions
    """Stops where the coming wait leaves no time to send."""

    def __init__(self, seconds_left: Callable[[], float]) -> None:
        self._seconds_left = seconds_left

    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state.upcoming_sleep >= self._seconds_left()


def _failures(retry_state: RetryCallState) -> Failed:
    return cast("Failed", retry_state.outcome.result()) if retry_state.outcome else {}


def is_retryable(error: CoreError, *, honours_idempotency: bool) -> bool:
    """Whether sending again can help and cannot apply the call twice."""
    if isinstance(error, MayHaveBeenApplied):
        # After a 5xx of an atomic core nothing was applied, whatever the class says.
        return honours_idempotency or not error.may_have_been_applied
    return isinstance(error, (Busy, Unreachable))


def combined(earlier: CoreError | None, latest: CoreError) -> CoreError:
    if earlier is None or latest.may_have_been_applied or isinstance(latest, (NotFound, Rejected)):
        return latest
    # A conflict may be with the earlier attempt itself. A refusal to send again says nothing about what was sent.
    return earlier if earlier.may_have_been_applied or isinstance(latest, NotSent) else latest
