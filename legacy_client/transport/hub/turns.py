"""Whose turn it is: owners one after another, and each owner's batches one after another, an item at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from gevent.hub import Waiter

from legacy_client.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from requests import PreparedRequest, Response

    from legacy_client.errors import CoreError
    from legacy_client.transport.base import Flow

    # A request under way: its batch, its index there, when it was let through, and when it must be over.
    Call = tuple["Batch", int, float, float]


# Results read at once: a switch to the consumer and back costs as much as a third of a request.
_HANDFUL = 16


class Batch:
    """The requests of one ``send_many``: what is not sent yet, what is under way, and the results not read yet.

    ``queued_at`` is when it last queued for a turn, None while it does not queue.
    """

    __slots__ = (
        "_results",
        "_run_soon",
        "_unread",
        "_waiter",
        "attempt_seconds",
        "before_send",
        "concurrency",
        "ends",
        "in_flight",
        "lane",
        "owner",
        "queued_at",
        "requests",
        "stopped",
        "unsent",
    )

    def __init__(
        self,
        requests: Sequence[PreparedRequest],
        flow: Flow,
        attempt_seconds: float,
        *,
        now: float,
        run_soon: Callable[..., object],
    ) -> None:
        self.requests = requests
        self.owner = flow.owner
        self.stopped = flow.deadline.stopped
        self.before_send = flow.before_send
        self.attempt_seconds = min(attempt_seconds, flow.item_seconds)
        self.concurrency = max(1, flow.concurrency)
        self.ends = now + flow.deadline.remaining()
        self.unsent = self._unread = len(requests)
        self.in_flight = 0
        self.lane: deque[Batch] = deque()
        self.queued_at: float | None = None
        self._results: list[tuple[int, Response | CoreError]] = []
        self._waiter: Waiter[None] | None = None
        self._run_soon = run_soon

    def take(self) -> int:
        """The index of the next request to send."""
        self.unsent -= 1
        return len(self.requests) - self.unsent - 1

    def put(self, index: int, result: Response | CoreError) -> None:
        """Hand a result to the consumer, who is woken for a handful of them at a time, and for the last one."""
        self._results.append((index, result))
        if len(self._results) >= _HANDFUL or not (self.in_flight or self.unsent):
            self.wake()

    def wake(self) -> None:
        """Let the consumer read what results there are."""
        if self._waiter is not None and self._results:
            self._run_soon(self._waiter.switch, None)
            self._waiter = None

    def stop(self, reason: str) -> None:
        """End everything unsent."""
        while self.unsent:
            self.put(self.take(), Stopped(reason))

    def drop(self) -> None:
        """Forget everything unsent: nobody reads the results any more."""
        self.unsent = 0

    def results(self) -> Iterator[tuple[int, Response | CoreError]]:
        """Each result once, as they come; waits in the consumer's greenlet, only."""
        while self._unread:
            if not self._results:
                self._wait()
            results, self._results = self._results, []
            for result in results:
                self._unread -= 1
                yield result

    def _wait(self) -> None:
        waiter: Waiter[None] = Waiter()
        self._waiter = waiter
        try:
            waiter.get()
        finally:
            self._waiter = None


class Turns:
    """Batches that may send, in a rotation of owners with a rotation of batches (a lane) each."""

    def __init__(self) -> None:
        self._lanes: WeakValueDictionary[str, deque[Batch]] = WeakValueDictionary()
        self._rotation: deque[deque[Batch]] = deque()

    def enter(self, batch: Batch) -> None:
        """Join the lane of the batch's owner; a lane lasts as long as one of its batches."""
        batch.lane = self._lanes.setdefault(batch.owner, batch.lane)

    def offer(self, batch: Batch, now: float) -> None:
        """Queue the batch for its next turn, behind everybody else, if it may send and does not queue already."""
        if batch.queued_at is None and batch.unsent and batch.in_flight < batch.concurrency:
            batch.queued_at = now
            if not batch.lane:
                self._rotation.append(batch.lane)
            batch.lane.append(batch)

    def take(self) -> Batch | None:
        """The batch whose turn it is, no longer queued; None when nobody waits."""
        while self._rotation:
            lane = self._rotation.popleft()
            batch = lane.popleft()
            if lane:
                self._rotation.append(lane)
            batch.queued_at = None
            if batch.unsent:
                return batch
        return None
