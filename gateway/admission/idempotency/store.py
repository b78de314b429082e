from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol, TypeVar

from gateway.admission.idempotency.claim import Claim
from gateway.admission.idempotency.errors import RecordUnusable, StoreUnavailable
from gateway.admission.idempotency.journal import item_events, kept, replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gateway.admission.idempotency.journal import EventsOf, Kept, Record, Subject
    from gateway.admission.idempotency.keeping import Keeper
    from gateway.admission.idempotency.policy import ClaimPolicy

_log = logging.getLogger(__name__)
Read = TypeVar("Read")


class IdempotencyStore(Protocol):
    """Shared by the threads of a process."""

    def claim(
        self,
        principal_id: str,
        key: str,
        fingerprint: str,
        items: int,
        let_others_run: Callable[[], object] = bool,
        subject: Subject | None = None,
    ) -> Claim:
        """Raises InProgress, FingerprintMismatch or StoreUnavailable.

        ``let_others_run`` is called between parts of long work. ``subject`` is what ``look`` shows later.
        """
        ...

    def look(self, principal_id: str, key: str, let_others_run: Callable[[], object] = bool) -> Kept | None:
        """What is kept under the key, without a claim on it. None: nothing. Raises InProgress or StoreUnavailable."""
        ...

    def ping(self) -> StoreUnavailable | None: ...

    def waiting(self) -> int:
        """How many ended batches wait for the store with their last write."""
        ...

    def close(self) -> None:
        """Writes what waits if possible."""
        ...


def open_claim(
    record: Record,
    events: Iterable[bytes],
    *,
    is_held: bool,
    items: int,
    prefix: str,
    policy: ClaimPolicy,
    keeper: Keeper,
    let_others_run: Callable[[], object],
    events_of: EventsOf = item_events,
) -> Claim:
    """Raises StoreUnavailable for an unusable journal."""
    try:
        known = _readable(lambda: replay(_in_turns(events, let_others_run)))
    except StoreUnavailable:
        if is_held:
            _give_back(record, keeper)
        raise
    claim = Claim(
        record,
        known,
        items=items,
        prefix=prefix,
        policy=policy,
        keeper=keeper,
        let_others_run=let_others_run,
        events_of=events_of,
    )
    if claim.kind == "resume" and not claim.sent_upto(min(policy.window, len(claim.to_send))):
        claim.abandon()
        raise StoreUnavailable("the first mark could not be written")
    if claim.kind == "replay" and is_held:
        record.close([], complete=False)
    return claim


def look_at(events: Iterable[bytes], let_others_run: Callable[[], object]) -> Kept:
    """Raises StoreUnavailable for an unusable journal."""
    return _readable(lambda: kept(_in_turns(events, let_others_run)))


def _readable(read: Callable[[], Read]) -> Read:
    try:
        return read()
    except ValueError as exc:
        _log.error("idempotency_record_unreadable", extra={"reason": str(exc)})
        raise RecordUnusable(str(exc)) from exc


def _give_back(record: Record, keeper: Keeper) -> None:
    try:
        record.rollback()
    except RecordUnusable:
        pass
    except StoreUnavailable:
        keeper.keep(record.rollback, 0)


def _in_turns(events: Iterable[bytes], let_others_run: Callable[[], object]) -> Iterator[bytes]:
    for event in events:
        let_others_run()
        yield event
