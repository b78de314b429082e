from __future__ import annotations

from typing import TYPE_CHECKING

from gevent.hub import Waiter

from legacy_client.errors import Stopped
from legacy_client.transport.turns import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import PreparedRequest, Response

    from legacy_client.errors import CoreError
    from legacy_client.transport.base import Requests
    from legacy_client.transport.flow import Flow

# Results read at once. A switch to the consumer and back costs a third of a request.
_CHUNK = 16


# No named tuple, nor frozen: one is made for each call, and either takes twice as long to make.
class Exchange:
    """A request under way, from ``started`` to ``ends`` on the engine's clock."""

    __slots__ = ("batch", "ends", "index", "request", "started")

    def __init__(self, batch: HubBatch, index: int, started: float, ends: float, request: PreparedRequest) -> None:
        self.batch = batch
        self.index = index
        self.started = started
        self.ends = ends
        self.request = request


class HubBatch(Batch):
    """Results are read in the consumer's greenlet. ``run_soon`` runs a function in the loop's next turn."""

    __slots__ = ("_clock", "_results", "_run_soon", "_unread", "_waiter", "_whole_seconds", "attempt_seconds")

    def __init__(
        self,
        requests: Requests,
        flow: Flow,
        attempt_seconds: float,
        *,
        now: float,
        run_soon: Callable[..., object],
        clock: Callable[[], float],
    ) -> None:
        super().__init__(requests, flow, now)
        self.attempt_seconds = min(attempt_seconds, flow.item_seconds)
        self._whole_seconds = attempt_seconds
        self._unread = self.unsent
        self._results: list[tuple[int, Response | CoreError]] = []
        self._waiter: Waiter[None] | None = None
        self._run_soon = run_soon
        self._clock = clock

    def cuts_short(self, exchange: Exchange) -> bool:
        return exchange.ends < exchange.started + self._whole_seconds

    def drop(self) -> None:
        """Nobody reads the results any more."""
        super().drop()
        self.stopped = lambda: "client_gone"

    def put(self, index: int, result: Response | CoreError) -> None:
        self.add(index, result)
        self.wake_if_due()

    def add(self, index: int, result: Response | CoreError) -> None:
        self._results.append((index, result))

    def wake_if_due(self) -> None:
        """For a chunk of results, for the last one, or where ``upto`` waits for the consumer."""
        if len(self._results) >= _CHUNK or not (self.in_flight or self.unsent) or self.is_held():
            self.wake()

    def wake(self) -> None:
        if self._waiter is not None and self._results:
            self._run_soon(self._waiter.switch, None)
            self._waiter = None

    def stop(self, reason: str) -> None:
        while self.unsent:
            self.put(self.take(), Stopped(reason))

    def chunks(self) -> Iterator[list[tuple[int, Response | CoreError]]]:
        """Each result once."""
        while self._unread:
            if not self._results:
                self._wait()
            results, self._results = self._results, []
            self._unread -= len(results)
            yield results

    def _wait(self) -> None:
        waiter: Waiter[None] = Waiter()
        self._waiter = waiter
        began = self._clock()
        try:
            waiter.get()
        finally:
            self._waiter = None
            self.idle += self._clock() - began


def never_sent(requests: Requests) -> Iterator[tuple[int, CoreError]]:
    return ((index, Stopped("shutting_down")) for index in range(len(requests)))
