"""Time passes only where a test says so."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from requests import Response

from legacy_client.errors import CoreError, Stopped, TimedOut
from legacy_client.transport.base import Backlog, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import PreparedRequest

    from legacy_client.transport.base import Gate, Requests
    from legacy_client.transport.flow import Flow

    Result = Response | CoreError
    Answer = Callable[[PreparedRequest], Result]


class VirtualClock:
    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += max(0.0, seconds)


class MemoryTransport:
    """``answer`` stands for the core. ``latency(request)`` is in virtual seconds.

    ``seen`` holds every request sent, in order.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        limits: Limits,
        gate: Gate | None = None,
        latency: Callable[[PreparedRequest], float] = lambda _request: 0.0,
        clock: VirtualClock | None = None,
    ) -> None:
        self._answer = answer
        self._limits = limits
        self._gate = gate
        self._latency = latency
        self._clock = clock or VirtualClock()
        self._unsent: dict[int, tuple[int, float]] = {}
        self._closed = False
        self.seen: list[PreparedRequest] = []

    def send_many(self, requests: Requests, flow: Flow) -> Iterator[tuple[int, Result]]:
        under_way: list[tuple[float, int, float, Result]] = []
        accepted_at = self._clock()
        try:
            for index in range(len(requests)):
                self._unsent[id(flow)] = (len(requests) - index, accepted_at)
                while len(under_way) >= min(flow.concurrency, self._capacity()) or (
                    under_way and flow.upto is not None and index >= flow.upto()
                ):
                    yield self._land(under_way, flow)
                refused = self._refusal(flow)
                if refused is not None:
                    yield index, refused
                else:
                    heapq.heappush(under_way, self._launch(index, requests, flow))
            self._unsent.pop(id(flow), None)
            while under_way:
                yield self._land(under_way, flow)
        finally:
            self._unsent.pop(id(flow), None)

    def backlog(self) -> Backlog:
        oldest = min((since for _, since in self._unsent.values()), default=self._clock())
        return Backlog(sum(count for count, _ in self._unsent.values()), self._clock() - oldest)

    def ping(self) -> CoreError | None:
        return Stopped("shutting_down") if self._closed else None

    def close(self) -> None:
        self._closed = True

    def _capacity(self) -> int:
        return self._limits.connections if self._gate is None else self._gate.capacity()

    def _refusal(self, flow: Flow) -> CoreError | None:
        reason = "shutting_down" if self._closed else flow.deadline.stopped()
        if reason is not None:
            return Stopped(reason)
        return None if self._gate is None else self._gate.admit()

    def _launch(self, index: int, requests: Requests, flow: Flow) -> tuple[float, int, float, Result]:
        now = self._clock()
        try:
            request = requests[index]
        except CoreError as error:
            return now, index, now, error
        if (reason := flow.deadline.stopped()) is not None:
            return now, index, now, Stopped(reason)
        wait_seconds = min(self._limits.attempt_seconds, flow.item_seconds, flow.deadline.remaining())
        if self._limits.deadline_header:
            request.headers[self._limits.deadline_header] = str(int(wait_seconds * 1000))
        self.seen.append(request)
        seconds = self._latency(request)
        result = self._answer(request)
        if seconds > wait_seconds:
            seconds, result = wait_seconds, TimedOut("attempt", cut_short=wait_seconds < self._limits.attempt_seconds)
        return now + seconds, index, now, result

    def _land(self, under_way: list[tuple[float, int, float, Result]], flow: Flow) -> tuple[int, Result]:
        ends_at, index, began, result = heapq.heappop(under_way)
        flow.waits.answers += max(0.0, ends_at - self._clock())
        self._clock.advance(ends_at - self._clock())
        if self._gate is not None:
            self._gate.record([result], [self._clock() - began])
        return index, result


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    """Header names have ``_`` for ``-``; a body is JSON by default."""
    response = Response()
    response.status_code = status
    response.headers.update({"Content-Type": "application/json"} if body else {})
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    response._content = body  # noqa: SLF001 -- the one place where requests keeps a body that was read
    return response
