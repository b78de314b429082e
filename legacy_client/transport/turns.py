"""Whose turn it is: owners in turn, the batches of an owner in turn, the items of a batch in order. Pure state."""

from __future__ import annotations

import queue
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from requests import PreparedRequest, Response

    from legacy_client.errors import CoreError
    from legacy_client.transport.base import Flow


class Batch:
    """One ``send_many`` under way. All but ``results`` is guarded by the transport's lock."""

    def __init__(
        self, requests: Sequence[PreparedRequest], flow: Flow, now: float, stop: Callable[[Batch], None]
    ) -> None:
        self.requests = requests
        self.flow = flow
        self.accepted_at = now
        self.sent = self.in_flight = 0
        self.results: queue.SimpleQueue[tuple[int, Response | CoreError]] = queue.SimpleQueue()
        self._ends_at = now + flow.deadline.remaining()
        self._stop = stop

    def unsent(self) -> int:
        """Requests that have not had their turn."""
        return len(self.requests) - self.sent

    def is_ready(self) -> bool:
        """Whether it has something to send, and its own bound lets it."""
        return self.sent < len(self.requests) and self.in_flight < self.flow.concurrency

    def due_at(self) -> float:
        """As ``watchdog.Watched``: when what is unsent is to be stopped."""
        return self._ends_at

    def expire(self) -> bool:
        """As ``watchdog.Watched``."""
        self._stop(self)
        return True


class Turns:
    """A fair queue: a small batch never waits behind a large one, nor an owner behind another's many batches."""

    def __init__(self) -> None:
        self._owners: dict[str, deque[Batch]] = {}

    def enter(self, batch: Batch) -> None:
        """Queue a batch; its owner's place stays where it is."""
        self._owners.setdefault(batch.flow.owner, deque()).append(batch)

    def leave(self, batch: Batch) -> None:
        """Forget a batch, if it is still here."""
        batches = self._owners.get(batch.flow.owner)
        if batches and batch in batches:
            batches.remove(batch)
            if not batches:
                del self._owners[batch.flow.owner]

    def next(self) -> Batch | None:
        """The batch that may send one item now; it and its owner then go to the end of their queues."""
        for owner, batches in self._owners.items():
            for _ in range(len(batches)):
                batch = batches[0]
                batches.rotate(-1)
                if batch.is_ready():
                    self._owners[owner] = self._owners.pop(owner)
                    return batch
        return None

    def __iter__(self) -> Iterator[Batch]:
        """All queued batches."""
        return (batch for batches in self._owners.values() for batch in batches)
