"""Load shedding and drain: whether a batch may begin, decided before any work.

Counters are plain ints that telemetry reads.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from typing import TYPE_CHECKING

from gateway.admission.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from gateway.admission.refusal import RefusalReason
    from legacy_client.deadline import Deadline
    from legacy_client.transport.base import Backlog

# This share of the batches is left to others, however many one principal sends.
_LEFT_TO_OTHERS = 0.25


def _in_the_background(seconds: float, task: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, task)
    timer.daemon = True
    timer.start()


class LoadShedder:
    """Refuses batches while the worker is busy or stops.

    ``backlog`` gives the calls that wait for the core. ``later`` runs a task after some seconds.
    """

    def __init__(
        self,
        *,
        max_batches: int,
        max_queue_age: float,
        backlog: Callable[[], Backlog],
        later: Callable[[float, Callable[[], None]], None] = _in_the_background,
    ) -> None:
        self._max_batches = max_batches
        self._max_queue_age = max_queue_age
        self._backlog = backlog
        self._later = later
        self._most_of_one = max(1, round(max_batches * (1 - _LEFT_TO_OTHERS)))
        self._under_way: set[Deadline] = set()
        self._batches_of: dict[str, int] = {}
        self._is_over = False
        self.draining = False
        self.refused: Counter[RefusalReason] = Counter()

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    def admit(self) -> Refusal | None:
        if self._is_over:
            return self.refuse("draining")
        # Without a batch no call waits for the core.
        if not self._under_way:
            return None
        if (crowded := self.admit_batch()) is not None:
            return crowded
        age = self._backlog().seconds
        return self.refuse("queue_too_old", math.ceil(age)) if age >= self._max_queue_age else None

    def admit_batch(self, principal_id: str = "") -> Refusal | None:
        """None if there is room."""
        if self.under_way >= self._max_batches:
            return self.refuse("too_many_batches")
        if principal_id and self._batches_of.get(principal_id, 0) >= self._most_of_one:
            return self.refuse("too_many_of_one")
        return None

    def refuse(self, reason: RefusalReason, retry_after: int = 1) -> Refusal:
        self.refused[reason] += 1
        return Refusal(reason, retry_after)

    def running(self, deadline: Deadline, principal_id: str = "") -> AbstractContextManager[Deadline]:
        """A drain can cancel it."""
        return _Running(self, deadline, principal_id)

    def begun(self, deadline: Deadline, principal_id: str) -> None:
        self._under_way.add(deadline)
        self._batches_of[principal_id] = self._batches_of.get(principal_id, 0) + 1
        if self._is_over:
            deadline.cancel("shutting_down")

    def ended(self, deadline: Deadline, principal_id: str) -> None:
        self._under_way.discard(deadline)
        left = self._batches_of.pop(principal_id) - 1
        if left:
            self._batches_of[principal_id] = left

    def drain(self, grace_seconds: float) -> None:
        """After ``grace_seconds`` no batch begins, and running ones send no new calls."""
        self.draining = True
        if grace_seconds > 0:
            self._later(grace_seconds, self._end)
        else:
            self._end()

    def _end(self) -> None:
        self._is_over = True
        for deadline in tuple(self._under_way):
            deadline.cancel("shutting_down")


# A generator's context manager costs three times as much.
class _Running:
    def __init__(self, shedder: LoadShedder, deadline: Deadline, principal_id: str) -> None:
        self._shedder = shedder
        self._deadline = deadline
        self._principal_id = principal_id

    def __enter__(self) -> Deadline:
        self._shedder.begun(self._deadline, self._principal_id)
        return self._deadline

    def __exit__(self, *_: object) -> None:
        self._shedder.ended(self._deadline, self._principal_id)
