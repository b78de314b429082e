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

RefusalReason = Literal["draining", "too_many_batches", "queue_too_old"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a batch may not begin, and in how many whole seconds to ask again."""

    reason: RefusalReason
    retry_after: int = 1


def _in_the_background(seconds: float, action: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()


class LoadShedder:
    """Refuses batches while the worker has enough to do, or stops.

    ``waiting`` is ``Transport.waiting``: requests not yet sent, and the age in seconds of the oldest. ``later`` runs
    an action after some seconds.
    """

    def __init__(
        self,
        *,
        max_batches: int,
        max_queue_age: float,
        waiting: Callable[[], tuple[int, float]],
        later: Callable[[float, Callable[[], None]], None] = _in_the_background,
    ) -> None:
        self._max_batches = max_batches
        self._max_queue_age = max_queue_age
        self._waiting = waiting
        self._later = later
        self._under_way: set[Deadline] = set()
        self._is_over = False
        self.draining = False
        self.admitted = 0
        self.refused: Counter[RefusalReason] = Counter()

    @property
    def under_way(self) -> int:
        """Batches that run now."""
        return len(self._under_way)

    def admit(self) -> Refusal | None:
        """None if a batch may begin."""
        refusal = self._refusal()
        if refusal is None:
            self.admitted += 1
        else:
            self.refused[refusal.reason] += 1
        return refusal

    @contextlib.contextmanager
    def batch(self, deadline: Deadline) -> Iterator[None]:
        """Around the run of a batch: it counts as under way, and a drain can end it."""
        self._under_way.add(deadline)
        if self._is_over:
            deadline.cancel("shutting_down")
        try:
            yield
        finally:
            self._under_way.discard(deadline)

    def drain(self, grace_seconds: float) -> None:
        """Let no batch begin from now on; after ``grace_seconds``, those that still run send nothing new."""
        self.draining = True
        if grace_seconds > 0:
            self._later(grace_seconds, self._end)
        else:
            self._end()

    def _refusal(self) -> Refusal | None:
        if self.draining:
            return Refusal("draining")
        if self.under_way >= self._max_batches:
            return Refusal("too_many_batches")
        _, age = self._waiting()
        if age >= self._max_queue_age:
            return Refusal("queue_too_old", math.ceil(age))
        return None

    def _end(self) -> None:
        self._is_over = True
        for deadline in tuple(self._under_way):
            deadline.cancel("shutting_down")
