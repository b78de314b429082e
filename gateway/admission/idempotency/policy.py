"""The rules that all stores share: a final item is never sent again, and no call leaves unmarked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.admission.idempotency.journal import sent_event

if TYPE_CHECKING:
    from gateway.admission.idempotency.journal import Entry, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPolicy:
    """Times are in seconds.

    After its lease, an owner has ``notice_seconds`` from the next claim on to write what it knows.
    ``window``: how far marks may be ahead of results, so the most that a crash leaves in doubt.
    Results are written ``step`` at a time, so that ``in_flight`` calls can go on meanwhile; 0: half a window of them.
    ``repeats_unknown``: the core honours per-item keys.
    """

    ttl_seconds: float
    window: int
    repeats_unknown: bool
    lease_seconds: float = 8.0
    notice_seconds: float = 2.0
    in_flight: int = 0

    @property
    def renew_seconds(self) -> float:
        # Two renewals may fail.
        return self.lease_seconds / 3

    @property
    def step(self) -> int:
        return max(1, self.window - (self.in_flight or self.window - self.window // 2))

    def step_for(self, unmarked: int) -> int:
        """The step where so many calls have no mark yet."""
        # For one write fewer, an eighth of the calls in flight may stand still for a moment.
        most = self.step + self.in_flight // 8
        writes = -(-unmarked // most)
        return max(self.step, -(-unmarked // writes))

    def first_mark(self, items: int, subject: Subject | None = None) -> bytes:
        return sent_event(0, min(self.window, items), subject)

    def is_due(self, entry: Entry | None) -> bool:
        return entry is None or entry.state == "open" or (entry.state == "unknown" and self.repeats_unknown)
