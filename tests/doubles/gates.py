"""Gates for tests of transports: they let everything through, or as much as they are told, and note what they hear."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from legacy_client.errors import CircuitOpen, CoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from requests import Response


class NotingGate:
    """``open_for``: how many requests are let through before the circuit opens; None for all."""

    def __init__(self, capacity: int = 64, open_for: int | None = None) -> None:
        self._capacity = capacity
        self._open_for = open_for
        self._lock = threading.Lock()
        self.in_flight = self.most_in_flight = self.let_through = 0
        self.recorded: list[Response | CoreError] = []

    def capacity(self) -> int:
        return self._capacity

    def admit(self) -> CoreError | None:
        with self._lock:
            if self._open_for is not None and self.let_through >= self._open_for:
                return CircuitOpen("closed for the test", retry_after=1.0)
            self.let_through += 1
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            return None

    def record(self, results: Sequence[Response | CoreError], seconds: Sequence[float]) -> None:
        with self._lock:
            assert len(results) == len(seconds)
            self.in_flight -= len(results)
            self.recorded += results
