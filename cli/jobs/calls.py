"""The requests about jobs, each repeated until its answer says something."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from cli.errors import Exhausted, NotAllowed
from cli.sending import ATTEMPTS, FIRST_PAUSE, MOST_PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cli.connection import Answer, Connection, Stream

LIVE = frozenset({"uploading", "queued", "running", "paused", "cancelling"})
"""States of a job that has not ended."""

_PASSING = frozenset({0, 408, 429})
_NOT_IMPLEMENTED = 501
_DENIED = frozenset({401, 403})
_NO_JOBS = frozenset({"jobs-unavailable"})


def typed(*words: str) -> str:
    """A command about a job as it is typed."""
    return " ".join(["actions jobs", *words])


class JobCalls:
    """``pause`` waits so many seconds and is told why; it may raise.

    Every call raises NotAllowed where the credentials do not hold, and Exhausted where nobody answers.
    """

    def __init__(self, connection: Connection, pause: Callable[[float, str], None]) -> None:
        self._connection = connection
        self._pause = pause
        self._jitter = random.Random()  # noqa: S311 -- no secret; it only keeps clients apart

    def typed(self, word: str, job: str) -> str:
        """A command about a job, which leads to the same gateway."""
        return typed(word, job, *self._connection.reach)

    def make(self, key: str, label: str) -> Answer:
        """An answer that there are no jobs now is not waited for."""
        body = json.dumps({"label": label}).encode()
        return self._ask(lambda: self._connection.job("POST", "", body, {"Idempotency-Key": key}), final=_NO_JOBS)

    def put(self, job: str, number: int, body: bytes) -> Answer:
        return self._ask(lambda: self._connection.job("PUT", f"/{_named(job)}/parts/{number}", body))

    def start(self, job: str, parts: int) -> Answer:
        body = json.dumps({"parts": parts}).encode()
        return self._ask(lambda: self._connection.job("POST", f"/{_named(job)}/start", body))

    def show(self, job: str, wait_seconds: int = 0) -> Answer:
        """With ``wait_seconds`` once it differs, or after so long."""
        headers = {"Prefer": f"wait={wait_seconds}"} if wait_seconds else None
        return self._ask(lambda: self._connection.job("GET", f"/{_named(job)}", headers=headers))

    def list(self, before: str = "") -> Answer:
        query = f"?{urlencode({'before': before})}" if before else ""
        return self._ask(lambda: self._connection.job("GET", query))

    def end(self, job: str) -> Answer:
        """Cancel a live one, remove an ended one."""
        return self._ask(lambda: self._connection.job("DELETE", f"/{_named(job)}"))

    def cancel(self, job: str) -> None:
        """Where it has not ended."""
        if self.show(job).document.get("state") in LIVE:
            self.end(job)

    def change(self, job: str, how: str) -> Answer:
        """``pause``, ``resume`` or ``retry`` it."""
        return self._ask(lambda: self._connection.job("POST", f"/{_named(job)}/{how}"))

    def results(self, job: str, wishes: Mapping[str, str]) -> Stream:
        """Close it."""
        query = urlencode({name: value for name, value in wishes.items() if value})
        opened: list[Stream] = []

        def read() -> Answer:
            opened[:] = [self._connection.job_lines(f"/{_named(job)}/results?{query}")]
            return opened[0].answer

        self._ask(read)
        return opened[0]

    def _ask(self, call: Callable[[], Answer], final: frozenset[str] = frozenset()) -> Answer:
        """The first answer that no waiting changes."""
        attempts, renewed = 0, False
        while True:
            answer = call()
            if answer.status in _DENIED and answer.kind:
                if renewed or not self._connection.renew():
                    raise NotAllowed(f"{answer.said}. {self._connection.log_in}")
                renewed = True
                continue
            if not _passes(answer) or answer.kind in final:
                return answer
            # Whoever is told when to come back is not unheard.
            attempts += not (answer.status == 429 and answer.retry_after is not None)
            if attempts >= ATTEMPTS:
                raise Exhausted(answer.said)
            self._pause(self._seconds(answer, attempts), answer.said)

    def _seconds(self, answer: Answer, attempts: int) -> float:
        if answer.retry_after is not None:
            return max(answer.retry_after, FIRST_PAUSE)
        usual: float = min(MOST_PAUSE, FIRST_PAUSE * 2**attempts)
        return usual * self._jitter.uniform(0.5, 1.0)


def _named(job: str) -> str:
    """A user's own words may be anything."""
    return quote(job, safe="")


def _passes(answer: Answer) -> bool:
    waits = answer.status == 409 and answer.retry_after is not None
    return answer.status in _PASSING or (answer.status >= 500 and answer.status != _NOT_IMPLEMENTED) or waits
