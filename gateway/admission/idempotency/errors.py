"""Why a key could not be claimed, or a claim not be kept.

IdempotencyError
├── InProgress · FingerprintMismatch
└── StoreUnavailable
    └── RecordUnusable
        └── LeaseLost
"""

from __future__ import annotations

import math

_LONGEST_RETRY_AFTER = 5.0


class IdempotencyError(Exception):
    """Nothing was sent."""


class InProgress(IdempotencyError):
    """``retry_after`` is in seconds."""

    def __init__(self, lease_left: float) -> None:
        super().__init__("in progress")
        self.retry_after = max(1, math.ceil(min(lease_left, _LONGEST_RETRY_AFTER)))


class FingerprintMismatch(IdempotencyError):
    """Another method, path or body came with the key before."""


class StoreUnavailable(IdempotencyError):
    """The store is unreachable or refused a write. ``reason`` is for logs only."""

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after

    @property
    def is_busy(self) -> bool:
        """Somebody else was writing for as long as was waited."""
        return self.reason.startswith("SQLITE_BUSY")


class RecordUnusable(StoreUnavailable):
    """Other records can still be used."""


class LeaseLost(RecordUnusable):
    """Another worker took the record over, or it is gone."""

    def __init__(self) -> None:
        super().__init__("lease lost")
