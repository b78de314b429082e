"""The rules of idempotency that all stores share: what is final is never sent again, and nothing leaves unmarked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.admission.idempotency.journal import sent_event

if TYPE_CHECKING:
    from gateway.admission.idempotency.journal import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPolicy:
    """Rules that the stores share; times in seconds.

    After its lease an owner has ``notice_seconds``, from the next claim on, to write what it knows.
    A live batch renews its lease every ``renew_seconds``. ``window`` is how many items may be marked as sent beyond those
    that have ended: how many a crash leaves in doubt, at most. What has ended is written ``step`` items at a time.
    ``repeats_unknown`` is true where the core honours per-item keys.
    """

    ttl_seconds: float
    window: int
    repeats_unknown: bool
    lease_seconds: float = 8.0
    notice_seconds: float = 2.0

    @property
    def renew_seconds(self) -> float:
        """A third of the lease: two renewals may fail."""
        return self.lease_seconds / 3

    @property
    def step(self) -> int:
        """Half the window: the other half may be in flight until this much has ended."""
        return max(1, self.window // 2)

    def first_mark(self, items: int) -> bytes:
        """The event that a fresh record begins with."""
        return sent_event(0, min(self.window, items))

    def is_due(self, entry: Entry | None) -> bool:
        """May, and should, this item be sent now?"""
        return entry is None or entry.state == "open" or (entry.state == "unknown" and self.repeats_unknown)
