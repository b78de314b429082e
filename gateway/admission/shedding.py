"""Load shedding and drain: whether a batch may begin at all, asked before any work is done for it.

Served by one worker's threads or greenlets; counters are plain ints that telemetry reads.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from legacy_client.deadline import Deadline
    from legacy_client.transport.base import Backlog

RefusalReason = Literal["draining", "too_many_batches", "too_many_of_one", "too_many_bytes", "queue_too_old"]
# However many batches one principal sends, this share of the places is left to the others.
_LEFT_TO_OTHERS = 0.25


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a batch may not begin, and in how many whole seconds to ask again."""

    reason: RefusalReason
    retry_after: int = 1


def _in_the_background(seconds: float, task: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, task)
    timer.daemon = True
    timer.start()


class LoadShedder:
    """Refuses batches while the worker has enough to do, or stops.

    ``backlog`` gives the calls to the core that wait. ``later`` runs
    a task after some seconds.
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
        self._batches_of: Counter[str] = Counter()
        self._is_over = False
        self.draining = False
        self.refused: Counter[RefusalReason] = Counter()

    @property
    def under_way(self) -> int:
        """Batches that run now."""
        return len(self._under_way)

    def admit(self) -> Refusal | None:
        """None if a request may begin; asked before any work is done for it."""
        if self._is_over:
            return self.refuse("draining")
        if (crowded := self.admit_batch()) is not None:
            return crowded
        age = self._backlog().seconds
        return self.refuse("queue_too_old", math.ceil(age)) if age >= self._max_queue_age else None

    def admit_batch(self, principal_id: str = "") -> Refusal | None:
        """None if there is a place for a batch, of ``principal_id`` where it is known by now."""
        if self.under_way >= self._max_batches:
            return self.refuse("too_many_batches")
        if principal_id and self._batches_of[principal_id] >= self._most_of_one:
            return self.refuse("too_many_of_one")
        return None

    def refuse(self, reason: RefusalReason, retry_after: int = 1) -> Refusal:
        """A refusal, counted."""
        self.refused[reason] += 1
        return Refusal(reason, retry_after)

    @contextlib.contextmanager
    def running(self, deadline: Deadline, principal_id: str = "") -> Iterator[None]:
        """Around the run of a batch: it counts as under way, and a drain can end it."""
        self._under_way.add(deadline)
        self._batches_of[principal_id] += 1
        if self._is_over:
            deadline.cancel("shutting_down")
        try:
            yield
        finally:
            self._under_way.discard(deadline)
            self._batches_of[principal_id] -= 1
            if not self._batches_of[principal_id]:
                del self._batches_of[principal_id]

    def drain(self, grace_seconds: float) -> None:
        """Say that the worker stops; after ``grace_seconds`` no batch begins, and those that still run send nothing new."""
        self.draining = True
        if grace_seconds > 0:
            self._later(grace_seconds, self._end)
        else:
            self._end()

    def _end(self) -> None:
        self._is_over = True
        for deadline in tuple(self._under_way):
            deadline.cancel("shutting_down")
