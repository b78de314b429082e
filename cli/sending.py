"""One chunk, sent under its key until nothing of it is left to send, or patience ends."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.errors import NoAnswer, NotAllowed, Refused, counted
from cli.verdicts import Again, Denied, Invalid, Pause, Results, Stop, TooLarge, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.connection import Connection
    from cli.cutting import Body
    from cli.outcome import Failure

ATTEMPTS = 6
"""Without any progress between them."""

_ATTEMPTS_AT_THE_REST = 4

FIRST_PAUSE, MOST_PAUSE = 0.5, 30.0
_OK = 200


def pause_quietly(seconds: float, _why: str) -> None:
    """For who has nobody to tell."""
    time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No attempt had an answer that can be read. ``may_have_left``: items may have been applied."""

    said: str
    may_have_left: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """``error`` ends the run; its attempt applied nothing. ``results`` are those of an attempt before."""

    error: Refused
    results: Results | None


Sent = Results | Invalid | TooLarge | Unanswered | Ended
"""How sending ended. Results may have retryable items left. Invalid and TooLarge applied nothing by this call."""


@dataclass(slots=True)
class _Effort:
    """What the attempts at one chunk have shown so far."""

    attempts: int = 0
    results: Results | None = None
    may_have_left: bool = False
    said: str = ""
    renewed: bool = False

    def note(self, results: Results) -> None:
        """Progress gives new patience."""
        before = self.results
        if before is not None and results.retryable < before.retryable:
            self.attempts = 1
        self.results = results

    @property
    def most(self) -> int:
        """A few rows that go on failing must not hold up the rest of the file for long."""
        return _ATTEMPTS_AT_THE_REST if self.results and self.results.updated else ATTEMPTS

    @property
    def sent(self) -> Results | Unanswered:
        return self.results or Unanswered(self.said, self.may_have_left)


class Sender:
    """``pause`` waits so many seconds and is told why; it may raise to end the run."""

    def __init__(self, connection: Connection, pause: Callable[[float, str], None]) -> None:
        self._connection = connection
        self._pause = pause
        self._jitter = random.Random()  # noqa: S311 -- no secret; it only keeps clients apart

    def send(self, body: Body, key: str) -> tuple[Sent, bool]:
        """How it ended, and whether items may have been applied by a call without an answer."""
        effort = _Effort()
        try:
            return self._send(body, key, effort), effort.may_have_left
        except Refused as exc:
            return Ended(exc, effort.results), effort.may_have_left

    def _send(self, body: Body, key: str, effort: _Effort) -> Sent:
        """Raises NotAllowed and Refused."""
        while True:
            verdict = read(self._connection.update(body.bytes, key), body)
            match verdict:
                case Results():
                    effort.attempts += 1
                    effort.note(verdict)
                    if not verdict.retryable:
                        return verdict
                    seconds, said = verdict.retry_after, f"{counted(verdict.retryable, 'row')} to repeat"
                case Again():
                    effort.attempts += 1
                    effort.said, seconds = verdict.said, verdict.seconds
                    effort.may_have_left |= verdict.may_have_left
                    said = verdict.said
                case Pause():
                    seconds, said = verdict.seconds, verdict.said
                case Denied():
                    self._renew(effort, verdict)
                    continue
                case Stop():
                    raise Refused(verdict.said)
                case Invalid() | TooLarge():
                    return effort.results or verdict
            if effort.attempts >= effort.most:
                return effort.sent
            self._pause(self._seconds(seconds, effort.attempts), said)

    def _renew(self, effort: _Effort, denied: Denied) -> None:
        if effort.renewed or not self._connection.renew():
            raise NotAllowed(f"{denied.said}. {self._connection.log_in}")
        effort.renewed = True

    def _seconds(self, told: float | None, attempts: int) -> float:
        if told is not None:
            # A wait of nothing, told again and again, would be a flood.
            return max(told, FIRST_PAUSE)
        usual: float = min(MOST_PAUSE, FIRST_PAUSE * 2**attempts)
        return usual * self._jitter.uniform(0.5, 1.0)


class Rehearsal:
    """The same without sending on: the gateway checks a body and forgets it."""

    def __init__(self, connection: Connection, pause: Callable[[float, str], None]) -> None:
        self._connection = connection
        self._pause = pause

    def failures(self, body: Body) -> Sequence[Failure]:
        """The items that the gateway finds invalid. Raises NotAllowed, NoAnswer and Refused."""
        renewed = False
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._connection.update(body.bytes, dry_run=True)
            if answer.status == _OK and "validated" in answer.document:
                return []
            match read(answer, body):
                case Invalid(failures):
                    return failures
                case Denied(said):
                    if renewed or not self._connection.renew():
                        raise NotAllowed(f"{said}. {self._connection.log_in}")
                    renewed = True
                case Pause(seconds, said):
                    self._pause(seconds, said)
                case Again(told, said, _):
                    self._pause(told if told is not None else min(MOST_PAUSE, FIRST_PAUSE * 2**attempt), said)
                case _:
                    raise Refused(answer.said)
        raise NoAnswer(answer.said)
