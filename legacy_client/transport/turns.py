from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakValueDictionary

from legacy_client.transport.base import Backlog
from legacy_client.transport.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable

    from legacy_client.call_context import Waits
    from legacy_client.transport.base import Requests
    from legacy_client.transport.flow import Flow


class Batch:
    """``ends`` is on the transport's clock. ``queued_at`` is None while it waits for no turn.

    Seconds: ``queued``, it waited for turns; ``idle``, whoever takes its results waited for one.
    """

    __slots__ = (
        "_free_below",
        "_next",
        "caller",
        "concurrency",
        "ends",
        "idle",
        "in_flight",
        "lane",
        "most_in_flight",
        "queued",
        "queued_at",
        "requests",
        "stopped",
        "unsent",
        "upto",
    )

    # Given with its first turn.
    lane: Lane

    def __init__(self, requests: Requests, flow: Flow, now: float) -> None:
        self.requests = requests
        self.caller = flow.caller
        self.stopped = flow.deadline.stopped
        self.upto = flow.upto
        self.concurrency = max(1, flow.concurrency)
        self.ends = now + flow.deadline.remaining()
        count = len(requests)
        self.unsent = count
        self._next = 0
        # So far as ``upto`` is known: it never falls.
        self._free_below = count if flow.upto is None else 0
        self.in_flight = 0
        self.most_in_flight = flow.most_in_flight
        self.queued_at: float | None = None
        self.queued = self.idle = 0.0

    def take(self) -> int:
        index = self._next
        self._next += 1
        self.unsent -= 1
        return index

    def drop(self) -> None:
        self.unsent = 0

    def tell(self, waits: Waits, now: float) -> None:
        """What it waited for, at its end."""
        if self.queued_at is not None:
            self.queued += now - self.queued_at
        # While results are worked on nobody waits, though the batch may be queued.
        turns = min(self.queued, self.idle)
        waits.turns += turns
        waits.answers += self.idle - turns

    def is_held(self) -> bool:
        return self._next >= self._free_below and self._is_held_now()

    def _is_held_now(self) -> bool:
        if self.upto is None:
            return False
        self._free_below = self.upto()
        return self._next >= self._free_below


AnyBatch = TypeVar("AnyBatch", bound=Batch)


class Turns(Generic[AnyBatch]):
    """A fair queue: no batch waits behind a large one, no caller behind another's many batches.

    Whatever changes what a batch may do must offer it again.
    """

    def __init__(self) -> None:
        self._lanes: WeakValueDictionary[str, Lane] = WeakValueDictionary()
        self._rotation: deque[Lane] = deque()
        self._last: tuple[str | None, Lane] = None, Lane()

    def __bool__(self) -> bool:
        """Whether a batch waits for a turn."""
        return bool(self._rotation)

    def enter(self, batch: AnyBatch) -> None:
        caller, lane = self._last
        # To ask a weak dictionary costs more than all else here, and a caller often sends again.
        if caller != batch.caller:
            lane = self._lane_of(batch.caller)
            # One with a bound knows its batches, and would keep them.
            if not batch.most_in_flight:
                self._last = batch.caller, lane
        batch.lane = lane
        lane.admit(batch, batch.most_in_flight)

    def _lane_of(self, caller: str) -> Lane:
        lane = self._lanes.get(caller)
        if lane is None:
            lane = self._lanes[caller] = Lane()
        return lane

    def offer(self, batch: AnyBatch, now: float) -> None:
        """Queue the batch, if it may send and is not queued."""
        if batch.most_in_flight and batch.lane.is_parked and not batch.lane.is_full():
            batch.lane.is_parked = False
            self._rotation.append(batch.lane)
        if batch.queued_at is None and batch.unsent and batch.in_flight < batch.concurrency and not batch.is_held():
            batch.queued_at = now
            if not batch.lane:
                self._rotation.append(batch.lane)
            batch.lane.append(batch)

    def take(self, now: float) -> AnyBatch | None:
        while self._rotation:
            lane = self._rotation.popleft()
            if lane.most and lane.is_full():
                lane.is_parked = True
                continue
            batch: AnyBatch = lane.popleft()
            if lane:
                self._rotation.append(lane)
            if batch.queued_at is not None:
                batch.queued += now - batch.queued_at
                batch.queued_at = None
            if batch.unsent:
                return batch
        return None


def backlog(batches: Iterable[Batch], now: float) -> Backlog:
    unsent = [batch for batch in batches if batch.unsent]
    # A lane that is parked waits for no turn.
    waiting = [batch.queued_at for batch in unsent if batch.queued_at is not None and not batch.lane.is_parked]
    since = min(waiting, default=now)
    return Backlog(sum(batch.unsent for batch in unsent), max(0.0, now - since))
