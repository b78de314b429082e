from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from requests import Response

    from legacy_client.errors import CoreError
    from legacy_client.health.gate import CoreGate
    from legacy_client.health.snapshot import GateSnapshot


class LockedGate:
    """A gate for a transport with threads."""

    def __init__(self, gate: CoreGate) -> None:
        self._gate = gate
        self._lock = threading.Lock()

    def capacity(self) -> int:
        return self._gate.capacity()

    def admit(self) -> CoreError | None:
        with self._lock:
            return self._gate.admit()

    def record(self, results: Sequence[Response | CoreError], seconds: Sequence[float]) -> None:
        with self._lock:
            self._gate.record(results, seconds)

    def misread(self, name: str = "bad_answer") -> None:
        with self._lock:
            self._gate.misread(name)

    def snapshot(self) -> GateSnapshot:
        with self._lock:
            return self._gate.snapshot()
