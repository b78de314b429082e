"""Which fault a call gets: by header, script, magic id or weather, in this order."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import refuse
from sandbox.core.magic import FIRST_TRY, fault_of
from sandbox.server.faults import weather

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.server.faults import Fault
    from sandbox.server.messages import Request

FINE = "ok"


class Trouble:
    """The faults to come. ``scripts`` hold, per id, the faults of its next calls; ``ok`` lets one through."""

    def __init__(self, known: Mapping[str, Fault], start: Mapping[str, Any]) -> None:
        self._known = known
        self._start = start
        self.reset()

    def reset(self) -> None:
        """Back to what the command line said."""
        self.change_weather(self._start)
        self._scripts: dict[str, deque[str]] = defaultdict(deque)
        self._tried: set[tuple[str, str]] = set()

    def change_weather(self, wanted: Mapping[str, Any]) -> None:
        """Raises ValueError."""
        self.weather = weather(self._known, wanted)

    def script(self, entity_id: str, kinds: Iterable[str]) -> None:
        """The next calls to this id fail in this order. Raises ValueError for an unknown kind."""
        kinds = list(kinds)
        unknown = [kind for kind in kinds if kind not in self._known and kind != FINE]
        if unknown:
            raise ValueError(f"unknown fault {', '.join(map(str, unknown))}")
        self._scripts[entity_id].extend(kinds)

    def of(self, request: Request) -> Fault | None:
        """The fault of this call, or None."""
        kind = self._kind(request, request.path.rpartition("/")[2])
        if kind is None or kind == FINE:
            return None
        if kind not in self._known:
            raise refuse(400, f"Unknown fault {kind!r}.")
        return self._known[kind]

    def _kind(self, request: Request, entity_id: str) -> str | None:
        by_header = request.headers.get("x-sandbox-fault")
        if by_header:
            return by_header
        if self._scripts.get(entity_id):
            return self._scripts[entity_id].popleft()
        return self._magic(entity_id, request.headers.get("idempotency-key", "")) or self.weather.draw()

    def _magic(self, entity_id: str, key: str) -> str | None:
        kind = fault_of(entity_id)
        if kind is None or int(entity_id) < FIRST_TRY:
            return kind
        is_first_try = (entity_id, key) not in self._tried
        self._tried.add((entity_id, key))
        return kind if is_first_try else None
