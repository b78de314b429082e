"""One batch's hold on its idempotency key: what it may send, and the journal it keeps while it runs."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Literal

from gateway.admission.idempotency.journal import items_event, replay, sent_event
from gateway.admission.idempotency.policy import RecordUnusable, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gateway.admission.idempotency.journal import Entry
    from gateway.admission.idempotency.policy import ClaimPolicy, Record

_log = logging.getLogger(__name__)

_CHUNK_ITEMS = 64
_CHUNK_SECONDS = 0.2
_PAUSE_AFTER_FAILURE = 1.0


class Claim:
    """One batch's hold on its key. After the claim nothing raises: a write that fails is logged.

    ``stored`` has what is known from earlier runs, by index; ``to_send`` the indexes to send now, ascending; positions
    are positions in ``to_send``. ``prefix`` makes the per-item keys. Methods are called by one batch, one at a time.
    """

    def __init__(
        self,
        record: Record,
        known: Mapping[int, Entry],
        *,
        items: int,
        prefix: str,
        policy: ClaimPolicy,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stored = known
        self.prefix = prefix
        self.to_send: Sequence[int] = [index for index in range(items) if policy.is_due(known.get(index))]
        self.kind: Literal["fresh", "resume", "replay"] = "replay"
        if self.to_send:
            self.kind = "resume" if known else "fresh"
        self._record = record
        self._policy = policy
        self._clock = clock
        self._unsettled = {index for index in range(items) if index not in known or known[index].state != "final"}
        self._marked = 0 if known else min(policy.window, items)
        self._mark_failed = False
        self._buffer: list[Entry] = []
        self._flush_at = clock() + _CHUNK_SECONDS
        self._flush_failed = False

    @property
    def repeats_unknown(self) -> bool:
        """Whether a repeat sends again what may have been applied: the core applies a key once."""
        return self._policy.repeats_unknown

    def sent_upto(self, position: int) -> bool:
        """Mark all positions below ``position`` as sent. False: the mark does not stand, so they must not be sent."""
        if position <= self._marked:
            return True
        low = self.to_send[self._marked - 1] + 1 if self._marked else 0
        try:
            self._record.append([sent_event(low, self.to_send[position - 1] + 1)])
        except StoreUnavailable as exc:
            _log.warning("idempotency_mark_failed", extra={"reason": exc.reason, "position": position})
            return False
        self._marked = position
        return True

    def sent_hook(self, stop: Callable[[], object]) -> Callable[[int], None]:
        """A ``before_send`` that keeps the mark at least half a window ahead.

        Where a mark cannot be written it calls ``stop`` (which must end the sending): what has left is marked, and
        the rest ends as not sent instead of leaving without protection.
        """

        def before_send(position: int) -> None:
            ahead = position + 1 + self._policy.window // 2
            if self._marked >= min(ahead, len(self.to_send)) or self._mark_failed:
                return
            if not self.sent_upto(min(self._marked + self._policy.window, len(self.to_send))):
                self._mark_failed = True
                stop()

        return before_send

    def record(self, entries: Iterable[Entry]) -> None:
        """Keep what items ended as. Written in chunks, by number and by age; each write renews the lease."""
        for entry in entries:
            self._buffer.append(entry)
            if entry.state == "final":
                self._unsettled.discard(entry.index)
        is_full = len(self._buffer) >= _CHUNK_ITEMS and not self._flush_failed
        if self._buffer and (is_full or self._clock() >= self._flush_at):
            self._flush()

    def finish(self) -> None:
        """The batch is over: write what is left and give the key back. Where that fails the lease runs out."""
        if self.kind == "replay":
            return
        events = [items_event(self._buffer)] if self._buffer else []
        try:
            self._record.close(events, complete=not self._unsettled)
        except StoreUnavailable as exc:
            _log.warning("idempotency_finish_failed", extra={"reason": exc.reason, "items": len(self._buffer)})

    def abandon(self) -> None:
        """Nothing was sent: leave the store as it was before the claim."""
        if self.kind == "replay":
            return
        try:
            self._record.rollback()
        except StoreUnavailable as exc:
            _log.warning("idempotency_abandon_failed", extra={"reason": exc.reason})

    def _flush(self) -> None:
        try:
            self._record.append([items_event(self._buffer)])
        except StoreUnavailable as exc:
            self._flush_failed = True
            self._flush_at = self._clock() + _PAUSE_AFTER_FAILURE
            _log.warning("idempotency_record_failed", extra={"reason": exc.reason, "items": len(self._buffer)})
        else:
            self._flush_failed = False
            self._flush_at = self._clock() + _CHUNK_SECONDS
            self._buffer.clear()


def open_claim(
    record: Record, events: Sequence[bytes], *, is_held: bool, items: int, prefix: str, policy: ClaimPolicy
) -> Claim:
    """The claim over a record just taken; for stores. Raises StoreUnavailable where the journal cannot be used."""
    try:
        claim = Claim(record, replay(events), items=items, prefix=prefix, policy=policy)
    except ValueError as exc:
        _log.error("idempotency_record_unreadable", extra={"reason": str(exc)})
        raise RecordUnusable(str(exc)) from exc
    if claim.kind == "resume" and not claim.sent_upto(min(policy.window, len(claim.to_send))):
        claim.abandon()
        raise StoreUnavailable("the first mark could not be written")
    if claim.kind == "replay" and is_held:
        record.close([], complete=False)
    return claim
