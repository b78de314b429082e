"""Load shedding (hop 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.admission.body_memory import FREE_BYTES
from gateway.api.request import bytes_of
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from flask import Response

    from gateway.admission.body_memory import BodyMemory, Share
    from gateway.admission.refusal import Refusal
    from gateway.admission.shedding import LoadShedder
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

    def body_memory(self) -> AbstractContextManager[Take]:
        """Gives a function that counts a body's bytes, and raises Problem 503 where there are too many."""
        return _BodyMemory(self._held.share(), self._shedder)

    def count_answer(self, response: Response) -> Response:
        """A large answer counts until the caller has received it."""
        if (size := bytes_of(response)) > FREE_BYTES:
            response.call_on_close(self._held.hold(size))
        return response

    def parsing(self, body: bytes) -> AbstractContextManager[object]:
        """Large bodies wait for each other."""
        return self._held.parsing(len(body))

    def running(self, deadline: Deadline, principal_id: str) -> AbstractContextManager[Deadline]:
        """Around the calls of a request; a stopping worker ends ``deadline``. Raises Problem 503."""
        if (refusal := self._shedder.admit_batch(principal_id)) is not None:
            raise _problem(refusal)
        return self._shedder.running(deadline, principal_id)


class _BodyMemory:
    def __init__(self, share: Share, shedder: LoadShedder) -> None:
        self._share = share
        self._shedder = shedder

    def __enter__(self) -> Take:
        return self._take

    def __exit__(self, *_: object) -> None:
        self._share.close()

    def _take(self, size: int) -> None:
        if not self._share.take(size):
            raise _problem(self._shedder.refuse("too_many_bytes"))


def _problem(refusal: Refusal) -> Problem:
    headers = {"Retry-After": str(refusal.retry_after)}
    return Problem("temporarily-unavailable", _DETAILS[refusal.reason], headers=headers)
