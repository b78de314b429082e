"""A batch's hold on its idempotency key, and the journal it keeps while it runs.

A mark says that calls may have been sent, so it is written before them.
It is at most a window ahead of the results: a crash leaves no more in doubt.
"""

from __future__ import annotations

import logging
import math
import time
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

from gateway.admission.idempotency.errors import LeaseLost, RecordUnusable, StoreUnavailable
from gateway.admission.idempotency.journal import Entry, item_events, items_event, sent_event
from gateway.admission.idempotency.unwritten import MUCH_BYTES, Unwritten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from gateway.admission.idempotency.journal import EventsOf, Record
    from gateway.admission.idempotency.keeping import Keeper
    from gateway.admission.idempotency.policy import ClaimPolicy

_log = logging.getLogger(__name__)
Other = TypeVar("Other")
Told = TypeVar("Told")

_CHUNK_SECONDS = 0.2
_LEAST_MUCH_ITEMS = 64
_PAUSE_SECONDS = 0.2
# How long a batch without calls in flight waits for a failing store before it sends nothing more.
_MAX_FAILING_SECONDS = 2.0


class Claim:
    """Raises nothing: a write that fails is logged. One batch calls the methods, one at a time.

    ``stored``: what earlier runs left, by index. ``to_send``: indexes to send now, ascending.
    A position is a place in ``to_send``. ``prefix`` begins the per-item keys. ``events_of``: how the record keeps results.
    """

    def __init__(
        self,
        record: Record,
        known: Mapping[int, Entry],
        *,
        items: int,
        prefix: str,
        policy: ClaimPolicy,
        keeper: Keeper,
        let_others_run: Callable[[], object] = bool,
        events_of: EventsOf = item_events,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.stored = known
        self.prefix = prefix
        self.let_others_run = let_others_run
        self.to_send: Sequence[int] = range(items)
        if known:
            self.to_send = [index for index in self.to_send if policy.is_due(known.get(index))]
        self.kind: Literal["fresh", "resume", "replay"] = "replay"
        if self.to_send:
            self.kind = "resume" if known else "fresh"
        self.is_kept = True
        self._record = record
        self._policy = policy
        self._keeper = keeper
        self._clock = clock
        self._pause = pause
        self._stop: Callable[[], object] = bool
        self._is_over: Callable[[], object] = bool
        self._unsettled = set(range(items)) - {index for index, entry in known.items() if entry.state == "final"}
        self._rounds = 0
        self._round: Sequence[int] = range(len(self.to_send))
        self._ended = self._in_doubt = 0
        self._marked_below = 0
        self._mark_upto(0 if known else min(policy.window, items))
        self._places: Mapping[int, int] = {}
        self._buffer = Unwritten(events_of, max(_LEAST_MUCH_ITEMS, policy.step))
        self._counted = 0
        self._look_again()
        self._flush_at = clock() + _CHUNK_SECONDS
        self._failing_since: float | None = None
        self._has_given_up = self._has_finished = False
        self.renew_at = clock() + policy.renew_seconds

    @property
    def repeats_unknown(self) -> bool:
        return self._policy.repeats_unknown

    @property
    def is_final(self) -> bool:
        return self._unsettled <= self._buffer.updates.keys()

    def watch(self, stop: Callable[[], object], is_over: Callable[[], object]) -> None:
        """``stop`` ends the sending when no mark can be written. ``is_over``: it has ended."""
        self._stop, self._is_over = stop, is_over
        if self.kind != "replay":
            self._keeper.watch(self)

    def begin(self, positions: Sequence[int]) -> None:
        """The first round has all positions."""
        self._rounds += 1
        if self._rounds > 1:
            self._count_updates()
            self._round, self._ended = positions, 0
            self._mark_upto(0)
            self._places = {self.to_send[position]: place for place, position in enumerate(positions)}
            # The marks of this round say what ended in the one before.
            self._buffer.wait_no_more()
            self._go_on()

    def upto(self) -> int:
        """How many calls of the round may be sent. Does not wait."""
        return self._marked

    def put_back(self, position: int, *, may_have_been_applied: bool) -> None:
        index = self.to_send[position]
        before = self.stored.get(index)
        if not (may_have_been_applied or (before and before.state == "unknown")):
            self._hold(Entry(index, "open"))
        self._count_ended(index)
        self._go_on()

    def record(self, entries: Iterable[Entry]) -> None:
        """They are written with the next mark, by number and by age."""
        for entry in entries:
            if entry.state == "final":
                self._buffer.add(entry)
                self._unsettled.discard(entry.index)
            else:
                self._hold(entry)
            self._count_ended(entry.index)
        self._go_on()

    def keep(
        self, sent: Iterable[tuple[int, bytes | Other]], recorded: Callable[[int, Other], Told]
    ) -> Iterator[tuple[int, bytes | Told]]:
        """``(index, outcome)`` of each ``(position, outcome)``, once it is recorded.

        Bytes are an updated item, which is final. Any other is ``recorded`` by the caller, and told as that says.
        """
        # Most items are updated, and are counted by the number kept. A call for each would cost half as much again.
        buffer, updates, clock = self._buffer, self._buffer.updates, self._clock
        # Where all is sent, a position is an index.
        for index, outcome in sent if isinstance(self.to_send, range) else _by_index(self.to_send, sent):
            if isinstance(outcome, bytes):
                updates[index] = outcome
                buffer.update_bytes += len(outcome)
                if len(updates) >= self._due_at or buffer.update_bytes >= MUCH_BYTES or clock() >= self._flush_at:
                    self._go_on()
                yield index, outcome
            else:
                yield index, recorded(index, outcome)

    def sent_upto(self, position: int) -> bool:
        """Mark the calls below ``position``. False: none of them may be sent."""
        return position <= self._marked or self._write(position)

    def renew(self) -> None:
        try:
            self._record.append([])
        except StoreUnavailable as exc:
            if not self._has_finished:
                self._could_not(exc)
        else:
            self._note_written()

    def finish(self) -> None:
        """Writes the rest and gives the key back. The keeper repeats it if it fails."""
        if self.kind == "replay":
            return
        self._buffer.wait_no_more()
        events = self._buffer.events()
        self._end(partial(self._record.close, events, complete=self.is_final), sum(map(len, events)))

    def abandon(self) -> None:
        """Leave the store as before the claim. Only if nothing was sent."""
        if self.kind == "replay":
            return
        self._end(self._record.rollback, 0)

    def _end(self, write: Callable[[], None], size: int) -> None:
        self._has_finished = True
        self._keeper.forget(self)
        try:
            write()
        except RecordUnusable as exc:
            self.is_kept = False
            _log.warning("idempotency_finish_failed", extra={"reason": exc.reason, "items": self._buffer.items})
        except StoreUnavailable as exc:
            self.is_kept = False
            _log.warning("idempotency_finish_waits", extra={"reason": exc.reason, "items": self._buffer.items})
            self._keeper.keep(write, size)

    def _hold(self, entry: Entry) -> None:
        # A mark would make an open item unknown. So an open item without one is written after the mark that covers it.
        if entry.state == "open" and not self._is_before(entry.index, self._marked):
            self._buffer.wait(entry)
        else:
            self._buffer.add(entry)

    def _is_before(self, index: int, position: int) -> bool:
        """Whether a mark up to ``position`` covers the item, or the round lacks it."""
        if self._rounds > 1:
            return self._places.get(index, -1) < position
        return position > 0 and index <= self.to_send[position - 1]

    def _count_ended(self, index: int) -> None:
        self._ended += 1
        # Without a mark there is no doubt.
        if index < self._marked_below or self._rounds > 1:
            self._in_doubt += 1

    def _count_updates(self) -> None:
        """Those kept since it was last called."""
        new = len(self._buffer.updates) - self._counted
        self._counted += new
        self._ended += new
        self._in_doubt += new

    def _look_again(self) -> None:
        """When so many updates are kept, there is something to write, or nothing more can end."""
        self._due_at = self._counted + min(self._step - self._in_doubt, self._marked - self._ended)

    def _mark_upto(self, position: int) -> None:
        self._marked = position
        # Where the last call is marked, none waits for a write.
        unmarked = len(self._round) - position
        self._step = self._policy.step_for(unmarked) if unmarked > 0 else math.inf
        self._marked_below = self.to_send[position - 1] + 1 if position and self._rounds <= 1 else 0

    def _go_on(self) -> None:
        """When no call can end, sending waits for the write, up to a bound."""
        self._count_updates()
        is_much = self._in_doubt >= self._step or self._buffer.is_much
        if (is_much and self._failing_since is None) or (
            self._clock() >= self._flush_at and (self._buffer or self._in_doubt)
        ):
            self._write(self._next_mark())
        while self._ended >= self._marked < self._next_mark():
            if self._failing_since is not None:
                self._pause(_PAUSE_SECONDS)
            self._write(self._next_mark())
        self._look_again()

    def _next_mark(self) -> int:
        """It stays once the batch sends nothing more."""
        if not self._rounds or self._has_given_up or self._is_over():
            return self._marked
        return max(self._marked, min(self._ended + self._policy.window, len(self._round)))

    def _write(self, position: int) -> bool:
        """False where the store refused."""
        self._count_updates()
        covered = self._buffer.covered(lambda index: self._is_before(index, position))
        mark = self._mark(position) if position > self._marked else []
        try:
            self._record.append(self._buffer.with_mark(mark, covered))
        except StoreUnavailable as exc:
            self._could_not(exc)
            return False
        self._unsettled.difference_update(self._buffer.updates)
        self._buffer.written(covered)
        self._counted = self._in_doubt = 0
        if position > self._marked:
            self._mark_upto(position)
        self._look_again()
        self._note_written()
        self.let_others_run()
        return True

    def _mark(self, position: int) -> list[bytes]:
        if self._rounds <= 1:
            low = self.to_send[self._marked - 1] + 1 if self._marked else 0
            return [sent_event(low, self.to_send[position - 1] + 1)]
        indexes = [self.to_send[each] for each in self._round[self._marked : position]]
        # An item that an earlier run left unknown stays so, with its payload.
        again = [index for index in indexes if index not in self.stored or self.stored[index].state != "unknown"]
        return [items_event([Entry(index, "unknown") for index in again])]

    def _note_written(self) -> None:
        now = self._clock()
        self._failing_since = None
        self._flush_at, self.renew_at = now + _CHUNK_SECONDS, now + self._policy.renew_seconds

    def _could_not(self, error: StoreUnavailable) -> None:
        now = self._clock()
        self._flush_at = now + _PAUSE_SECONDS
        self.renew_at = now + self._policy.renew_seconds
        if self._failing_since is None:
            self._failing_since = now
            _log.warning("idempotency_record_failed", extra={"reason": error.reason, "items": self._buffer.items})
        # Whoever has taken the key over sends the rest.
        if isinstance(error, LeaseLost) or now - self._failing_since >= _MAX_FAILING_SECONDS:
            self._has_given_up = True
            self._stop()


def _by_index(to_send: Sequence[int], sent: Iterable[tuple[int, Other]]) -> Iterator[tuple[int, Other]]:
    # A generator's expression would be a list where this is compiled.
    for position, outcome in sent:
        yield to_send[position], outcome
