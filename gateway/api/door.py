"""Load shedding at the door: refuse before any work is done, and know which batches are under way (hop 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.api.problems import Problem

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from gateway.admission.shedding import LoadShedder
    from legacy_client.deadline import Deadline

_DETAILS = {
    "draining": "The gateway is stopping. Nothing was applied; send again, another instance will take it.",
    "too_many_batches": "Too many batches are under way. Nothing was applied.",
    "queue_too_old": "The core is too slow for what is waiting. Nothing was applied.",
}


class Door:
    """Speaks the shedder's refusals as problems."""

    def __init__(self, shedder: LoadShedder) -> None:
        self._shedder = shedder

    def check(self) -> None:
        """Raises Problem 503 with ``Retry-After`` where no request may begin now."""
        if (refusal := self._shedder.admit()) is not None:
            headers = {"Retry-After": str(refusal.retry_after)}
            raise Problem("temporarily-unavailable", _DETAILS[refusal.reason], headers=headers)

    def under_way(self, deadline: Deadline) -> AbstractContextManager[None]:
        """Around the calls of a request: a drain may end them through ``deadline``."""
        return self._shedder.batch(deadline)
