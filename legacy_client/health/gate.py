from __future__ import annotations

import time
from bisect import bisect_left
from typing import TYPE_CHECKING

from legacy_client import errors
from legacy_client.errors import CoreError
from legacy_client.health.snapshot import DURATION_BOUNDS, GateSnapshot
from legacy_client.health.unanswered import UnansweredTime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from requests import Response

    from legacy_client.health.budget import RetryBudget
    from legacy_client.health.circuit import Circuit
    from legacy_client.health.limit import AdaptiveLimit

RESULTS: Mapping[type[CoreError], str] = {
    errors.Unreachable: "unreachable",
    errors.Untrusted: "untrusted",
    errors.Unsendable: "unsendable",
    errors.Stopped: "stopped",
    errors.TimedOut: "timed_out",
    errors.BrokenOff: "broken_off",
    errors.BadAnswer: "bad_answer",
}
_FAILURES = (errors.Unreachable, errors.TimedOut, errors.BrokenOff, errors.BadAnswer)
# As in the table of statuses: what is sent again.
_BUSY = (408, 421, 423, 425, 429, 503)
_MISREAD = {
    "bad_answer": "a 2xx that cannot be read",
    "busy": "a 2xx that says that the core is busy",
    "5xx": "a 2xx that says that the core has failed",
}
_ANSWERS = ("2xx", "3xx", "4xx", "5xx", "busy")


class CoreGate:
    """For one event loop. ``ceiling`` bounds the calls in flight.

    An attempt that its caller cut short is a failure only if nobody had an answer for ``attempt_seconds``.
    """

    def __init__(
        self,
        *,
        ceiling: int,
        circuit: Circuit | None,
        limit: AdaptiveLimit | None,
        budget: RetryBudget,
        attempt_seconds: float,
        is_readable: Callable[[Response], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ceiling = ceiling
        self._is_readable = is_readable
        self._misread: dict[str, int] = {}
        self._told_at = (0, 0.0)
        self._last_failure = ("", "")
        self._circuit = circuit
        self._limit = limit
        self._budget = budget
        self._unanswered = UnansweredTime(attempt_seconds, clock)
        self._in_flight = self._refused = 0
        self._attempts: dict[str, int] = {}
        self._duration_counts = [0] * (len(DURATION_BOUNDS) + 1)
        self._duration_sum = 0.0

    def capacity(self) -> int:
        return self._ceiling if self._limit is None else max(1, min(self._ceiling, self._limit.value))

    def admit(self) -> CoreError | None:
        wait = None if self._circuit is None else self._circuit.admit()
        if wait is None:
            self._in_flight += 1
            return None
        self._refused += 1
        return errors.CircuitOpen("circuit open", retry_after=wait)

    def record(self, results: Sequence[Response | CoreError], seconds: Sequence[float]) -> None:
        """Calls that were let through so many ``seconds`` ago have ended, in this order."""
        if not results:
            return
        # Nearly all are successes: counted together they cost a fifth.
        are_successes = {getattr(result, "status_code", 0) for result in results} <= _SUCCESSES
        if not (are_successes and self._succeeded(max(seconds), len(seconds))):
            for result, each in zip(results, seconds, strict=True):
                self._record_one(result, each)
        counts = self._duration_counts
        for each in seconds:
            counts[bisect_left(DURATION_BOUNDS, each)] += 1
        self._duration_sum += sum(seconds)

    def _succeeded(self, longest: float, calls: int) -> bool:
        """False where each has to be looked at."""
        if self._circuit is not None and not self._circuit.succeeded(calls, longest):
            return False
        if (limit := self._limit) is not None:
            for number in range(calls):
                limit.record(overloaded=False, seconds=0.0, in_flight=self._in_flight - number)
        self._in_flight -= calls
        self._attempts["2xx"] = self._attempts.get("2xx", 0) + calls
        return True

    def _record_one(self, result: Response | CoreError, seconds: float) -> None:
        if isinstance(result, CoreError):
            failed, overloaded, name = _of_error(result)
            if result.cut_short and not self._note_unanswered(seconds):
                failed = None
            if failed:
                self._last_failure = name, result.reason
        else:
            status = result.status_code
            failed, overloaded, name = _KNOWN.get(status) or _of_status(status)
            if failed:
                self._last_failure = name, f"status {status}"
        if (circuit := self._circuit) is not None:
            # Of a probe the answer is read at once. Other calls are left to ``misread``, so they cost nothing.
            if circuit.is_in_doubt and name == "2xx" and not self._is_readable(result):  # type: ignore[arg-type]  # has a status
                failed = True
            circuit.record(failed, seconds)
        if self._limit is not None and failed is not None:
            self._limit.record(overloaded=overloaded, seconds=seconds, in_flight=self._in_flight)
        self._in_flight -= 1
        self._attempts[name] = self._attempts.get(name, 0) + 1

    def misread(self, name: str = "bad_answer") -> None:
        """A 2xx recorded before was a failure: a ``bad_answer``, ``busy`` or ``5xx``."""
        self._misread[name] = self._misread.get(name, 0) + 1
        self._last_failure = name, _MISREAD[name]
        if self._circuit is not None:
            self._circuit.disprove()
        if name == "busy" and self._limit is not None:
            self._limit_after(self._limit)

    def _limit_after(self, limit: AdaptiveLimit) -> None:
        """A call recorded before was busy. It took as long as those recorded since the last one that was."""
        # Nobody kept its own time, so that a success costs nothing.
        told_at = sum(self._attempts.values()), self._duration_sum
        calls, seconds = told_at[0] - self._told_at[0], told_at[1] - self._told_at[1]
        if calls:
            limit.record(overloaded=True, seconds=seconds / calls, in_flight=self._in_flight)
            self._told_at = told_at

    def snapshot(self) -> GateSnapshot:
        return GateSnapshot(
            circuit="closed" if self._circuit is None else self._circuit.state,
            limit=self.capacity(),
            in_flight=self._in_flight,
            attempts=self._judged_attempts(),
            duration_counts=tuple(self._duration_counts),
            duration_sum=self._duration_sum,
            refused=self._refused,
            retries=self._budget.retries,
            last_failure=self._last_failure,
        )

    def _judged_attempts(self) -> dict[str, int]:
        attempts = dict(self._attempts)
        for name, count in self._misread.items():
            attempts["2xx"] = attempts.get("2xx", 0) - count
            attempts[name] = attempts.get(name, 0) + count
        return attempts

    def _note_unanswered(self, seconds: float) -> bool:
        answers = sum(self._attempts.get(name, 0) for name in _ANSWERS)
        lasts = self._unanswered.note(answers, seconds)
        return lasts and (self._circuit is None or self._circuit.state == "closed")


def _of_status(status: int) -> tuple[bool, bool, str]:
    """Failed, overloaded, name. A 4xx counts as health; a 429 only lowers the limit."""
    if status < 400:
        return False, False, "2xx" if 200 <= status < 300 else "3xx"
    if status in _BUSY:
        return status == 503, status in (429, 503), "busy"
    return status >= 500, False, "4xx" if status < 500 else "5xx"


_KNOWN = {status: _of_status(status) for status in range(200, 600)}
_SUCCESSES = frozenset(range(200, 300))


def _of_error(error: CoreError) -> tuple[bool | None, bool, str]:
    """Failed, overloaded, name. Failed is None where it says nothing about the core's health."""
    failed = True if isinstance(error, _FAILURES) else None
    return failed, isinstance(error, errors.TimedOut), RESULTS.get(type(error), "other")
