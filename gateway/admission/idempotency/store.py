"""The port of a store of idempotency records, and what every store does with a record that it has taken."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from gateway.admission.idempotency.claim import Claim
from gateway.admission.idempotency.errors import RecordUnusable, StoreUnavailable
from gateway.admission.idempotency.journal import replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.admission.idempotency.journal import Record
    from gateway.admission.idempotency.keeping import Keeper
    from gateway.admission.idempotency.policy import ClaimPolicy

_log = logging.getLogger(__name__)


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


def open_claim(
    record: Record,
    events: Sequence[bytes],
    *,
    is_held: bool,
    items: int,
    prefix: str,
    policy: ClaimPolicy,
    keeper: Keeper,
) -> Claim:
    """The claim over a record just taken; for stores. Raises StoreUnavailable where the journal cannot be used."""
    try:
        claim = Claim(record, replay(events), items=items, prefix=prefix, policy=policy, keeper=keeper)
    except ValueError as exc:
        _log.error("idempotency_record_unreadable", extra={"reason": str(exc)})
        raise RecordUnusable(str(exc)) from exc
    if claim.kind == "resume" and not claim.sent_upto(min(policy.window, len(claim.to_send))):
        claim.abandon()
        raise StoreUnavailable("the first mark could not be written")
    if claim.kind == "replay" and is_held:
        record.close([], complete=False)
    return claim
