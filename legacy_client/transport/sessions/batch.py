from __future__ import annotations

import queue
from typing import TYPE_CHECKING

from legacy_client.transport.turns import Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response

    from legacy_client.errors import CoreError
    from legacy_client.transport.base import Requests
    from legacy_client.transport.flow import Flow


class SessionsBatch(Batch):
    """The transport's lock guards all but ``results``."""

    __slots__ = ("_stop", "flow", "results")

    def __init__(self, requests: Requests, flow: Flow, now: float, stop: Callable[[SessionsBatch], None]) -> None:
        super().__init__(requests, flow, now)
        self.flow = flow
        self.results: queue.SimpleQueue[tuple[int, Response | CoreError]] = queue.SimpleQueue()
        self._stop = stop

    def due_at(self) -> float:
        return self.ends

    def expire(self) -> bool:
        self._stop(self)
        return True
