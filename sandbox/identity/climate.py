"""The weather of the identity provider, over all of its endpoints or some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.identity.errors import identity_faults
from sandbox.server.faults import Weather, weather

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.server.faults import Fault


class Climate:
    def __init__(self, start: Mapping[str, Any]) -> None:
        self._known = identity_faults()
        self._start = start
        self.reset()

    def reset(self) -> None:
        """Back to what the command line said."""
        self.change(self._start)

    def change(self, wanted: Mapping[str, Any]) -> None:
        """``latency_ms``, ``fault_rate``, ``faults``; ``endpoints`` narrows them down. Raises ValueError."""
        self._weather = weather(self._known, wanted)
        self._endpoints = frozenset(wanted.get("endpoints", ()))

    def over(self, endpoint: str) -> Weather:
        """The weather of an endpoint."""
        return self._weather if not self._endpoints or endpoint in self._endpoints else Weather()

    def fault(self, endpoint: str) -> Fault | None:
        """The fault of the next call to an endpoint, or None."""
        kind = self.over(endpoint).draw()
        return self._known[kind] if kind else None
