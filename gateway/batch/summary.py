from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.batch.outcome import FailedAt, Verdict
    from gateway.telemetry.events import BatchDetails


# Each request makes one; frozen, that would cost three times as much.
@dataclass(slots=True)
class Summary:
    """``failed`` is in input order."""

    verdict: Verdict
    failed: Sequence[FailedAt]
    details: BatchDetails
