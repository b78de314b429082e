"""What only a sandbox has: its journal, its counters, and the switches for its faults, under ``/_sandbox``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.server.messages import Refusal, json_answer

if TYPE_CHECKING:
    from collections import Counter

    from sandbox.core.api import Api
    from sandbox.core.journal import Journal
    from sandbox.core.store import Store
    from sandbox.core.trouble import Trouble
    from sandbox.server.connection import Traffic
    from sandbox.server.messages import Answer, Request
    from sandbox.server.router import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """``statuses`` is the core's own count of what left."""

    api: Api
    store: Store
    journal: Journal
    trouble: Trouble
    traffic: Traffic
    statuses: Counter[str]

    def routes(self) -> list[Route]:
        """Method, path, handler."""
        return [
            ("GET", "/healthz", self.health),
            ("GET", "/_sandbox/journal", self.entries),
            ("GET", "/_sandbox/calls", self.calls),
            ("POST", "/_sandbox/reset", self.reset),
            ("PUT", "/_sandbox/weather", self.set_weather),
            ("PUT", "/_sandbox/faults", self.script),
        ]

    def health(self, _request: Request) -> Answer:
        """200 while the server answers."""
        return json_answer({"status": "ok"})

    def entries(self, request: Request) -> Answer:
        """Applied calls, oldest first; ``?after=SEQ`` leaves out those up to a number."""
        return json_answer({"data": self.journal.after(int(request.query.get("after", "0")))})

    def calls(self, _request: Request) -> Answer:
        """How many calls came, how many were applied or answered from the journal, and how each ended."""
        traffic = self.traffic
        return json_answer(
            {
                "total": self.statuses.total(),
                "applied": self.journal.count(),
                "replayed": self.api.replayed,
                "by_status": self.statuses,
                "in_flight": traffic.in_flight - 1,
                "max_in_flight": traffic.max_in_flight,
                "connections": traffic.connections,
                "open_connections": len(traffic.open),
            }
        )

    def reset(self, _request: Request) -> Answer:
        """Back to the seed, the command line's weather and empty counters."""
        self.store.reset()
        self.journal.clear()
        self.trouble.reset()
        self.traffic.forget()
        self.statuses.clear()
        self.api.replayed = 0
        return json_answer({"status": "ok"})

    def set_weather(self, request: Request) -> Answer:
        """``{"latency_ms": 20, "fault_rate": 0.1, "faults": ["500"]}`` for the calls to come; what is left out is 0."""
        try:
            self.trouble.change_weather(request.json())
        except (ValueError, TypeError, AttributeError) as exc:
            raise _refused(exc) from exc
        return json_answer({"status": "ok"})

    def script(self, request: Request) -> Answer:
        """``{"19001": ["503", "reset", "ok"]}``: the faults of the next calls to each id."""
        try:
            for entity_id, kinds in request.json().items():
                self.trouble.script(entity_id, kinds)
        except (ValueError, TypeError, AttributeError) as exc:
            raise _refused(exc) from exc
        return json_answer({"status": "ok"})


def _refused(exc: Exception) -> Refusal:
    return Refusal(json_answer({"error": str(exc)}, 400))
