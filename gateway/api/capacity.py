"""Load shedding (hop 1)."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from gateway.admission.body_memory import FREE_BYTES
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Response

    from gateway.admission.body_memory import BodyMemory
    from gateway.admission.shedding import LoadShedder, Refusal
    from legacy_client.deadline import Deadline

    Take = Callable[[int], None]

_DETAILS = {
    "draining": "The gateway is stopping. Nothing was applied; send again, another instance will take it.",
    "too_many_batches": "Too many batches are under way. Nothing was applied.",
    "too_many_of_one": "Too many of your own batches are under way. Nothing was applied.",
    "too_many_bytes": "Too many large bodies are being read. Nothing was applied.",
    "queue_too_old": "The core is too slow for what is waiting. Nothing was applied.",
}


class Capacity:
    def __init__(self, shedder: LoadShedder, held: BodyMemory) -> None:
        self._shedder = shedder
        self._held = held

    @property
    def is_draining(self) -> bool:
        return self._shedder.draining

    def check(self) -> None:
        """Raises Problem 503."""
        if (refusal := self._shedder.admit()) is not None:
            raise _problem(refusal)

    @contextmanager
    def body_memory(self) -> Iterator[Take]:
        """Gives a function that counts a body's bytes, and raises Problem 503 where there are too many."""
        with self._held.share() as share:

            def take(size: int) -> None:
                if not share.take(size):
                    raise _problem(self._shedder.refuse("too_many_bytes"))

            yield take

    def count_answer(self, response: Response) -> Response:
        """A large answer counts until the caller has received it."""
        if (size := response.content_length or 0) > FREE_BYTES:
            response.call_on_close(self._held.hold(size))
        return response

    def parsing(self, body: bytes) -> AbstractContextManager[object]:
        """Large bodies wait for each other."""
        return self._held.parsing(len(body))

    @contextmanager
    def running(self, deadline: Deadline, principal_id: str) -> Iterator[None]:
        """Around the calls of a request; a stopping worker ends ``deadline``. Raises Problem 503."""
        if (refusal := self._shedder.admit_batch(principal_id)) is not None:
            raise _problem(refusal)
        with self._shedder.running(deadline, principal_id):
            yield


def _problem(refusal: Refusal) -> Problem:
    headers = {"Retry-After": str(refusal.retry_after)}
    return Problem("temporarily-unavailable", _DETAILS[refusal.reason], headers=headers)
