from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.batch.outcome import FailedAt, Verdict
    from gateway.telemetry.details import BatchDetails


# No dataclass: compiled, that would cost ten times as much.
class Summary:
    """``failed`` is in input order."""

    __slots__ = ("details", "failed", "verdict")

    def __init__(self, verdict: Verdict, failed: Sequence[FailedAt], details: BatchDetails) -> None:
        self.verdict = verdict
        self.failed = failed
        self.details = details
