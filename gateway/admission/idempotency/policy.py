"""Idempotency keys (contract 1.5): the port of a store, the rules that all stores share, and how keys are derived.

The one rule: what is final is never sent again, what is not is completed, and nothing leaves unmarked.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.admission.idempotency.journal import sent_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.journal import Entry

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_QUOTED_KEY = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_LONGEST_RETRY_AFTER = 5.0


class IdempotencyError(Exception):
    """A key could not be claimed; nothing has been sent."""


class InProgress(IdempotencyError):
    """The batch that first used the key is still running; ask again after ``retry_after`` seconds."""

    def __init__(self, lease_left: float) -> None:
        super().__init__("in progress")
        self.retry_after = max(1, math.ceil(min(lease_left, _LONGEST_RETRY_AFTER)))


class FingerprintMismatch(IdempotencyError):
    """The key was first used with another method, path or body."""


class StoreUnavailable(IdempotencyError):
    """The store cannot be had, or refused a write. ``reason`` is for logs only."""

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class RecordUnusable(StoreUnavailable):
    """This one record cannot be used; others can."""


class LeaseLost(RecordUnusable):
    """Another worker took the record over, or it was removed."""

    def __init__(self) -> None:
        super().__init__("lease lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPolicy:
    """Rules that the stores share; times in seconds.

    A live batch renews its lease every ``renew_seconds``. ``window`` is how many items may be marked as sent beyond those
    that have ended: how many a crash leaves in doubt, at most. What has ended is written ``step`` items at a time.
    ``repeats_unknown`` is true where the core honours per-item keys.
    """

    ttl_seconds: float = 86_400.0
    lease_seconds: float = 10.0
    window: int = 64
    repeats_unknown: bool = False

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


class Record(Protocol):
    """One record of a store, held under a lease. A call that raises StoreUnavailable may be made again."""

    def append(self, events: Sequence[bytes]) -> None:
        """Add events and renew the lease."""
        ...

    def close(self, events: Sequence[bytes], *, complete: bool) -> None:
        """Add events and give the lease back; ``complete``: every item is final."""
        ...

    def rollback(self) -> None:
        """Take back everything written since the claim, the record itself if the claim made it."""
        ...


class IdempotencyStore(Protocol):
    """Where records live. Implementations are shared by all threads of a process."""

    def claim(self, principal_id: str, key: str, fingerprint: str, items: int) -> Claim:
        """Take the key for a batch of ``items``. Raises InProgress, FingerprintMismatch or StoreUnavailable."""
        ...

    def ping(self) -> StoreUnavailable | None:
        """None if the store answers."""
        ...

    def waiting(self) -> int:
        """Writes of batches that have ended, which wait for the store to be back."""
        ...

    def close(self) -> None:
        """Write what waits, if that is possible now, and give up connections."""
        ...


def parse_key(value: str) -> str:
    """The key of an ``Idempotency-Key`` field: 1-255 visible ASCII characters.

    The draft's quoted form (RFC 9651 String) and the bare form of most clients name the same key. A bare comma joins
    fields that were sent twice (RFC 9110 section 5.3). ValueError otherwise.
    """
    key = value.strip(" \t")
    if key.startswith('"'):
        quoted = _QUOTED_KEY.fullmatch(key)
        key = re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else ""
    elif "," in key:
        raise ValueError("must be sent once; a key with a comma must be a quoted string")
    if not _KEY.fullmatch(key):
        raise ValueError("must be 1 to 255 visible ASCII characters, bare or as a quoted string")
    return key


def fingerprint(method: str, path: str, body: bytes) -> str:
    """SHA-256 over method, path and body, in hex."""
    return _digest(method.encode(), path.encode(), body).hexdigest()


def record_id(principal_id: str, key: str) -> str:
    """The name of a record: two principals never share one, and neither can be read from it."""
    return _digest(_bytes(principal_id), key.encode()).hexdigest()


def derive_prefix(principal_id: str, key: str, fingerprint: str) -> str:
    """What per-item keys of a keyed batch begin with: 32 hex digits, the same for every repeat of the batch."""
    return _digest(_bytes(principal_id), key.encode(), fingerprint.encode()).hexdigest()[:32]


def random_prefix() -> str:
    """What per-item keys of a batch without a key begin with: 32 hex digits."""
    return secrets.token_hex(16)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # A claim may hold any code point; it must not break a request.


def _digest(*parts: bytes) -> hashlib._Hash:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))  # Lengths keep ("ab", "c") apart from ("a", "bc").
        digest.update(part)
    return digest
