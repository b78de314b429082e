from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from gateway.admission.idempotency.journal import Entry, item_events
from gateway.batch.outcome import ItemError, is_update, restored, stored
from gateway.item_codes import Applied
from gateway.jobs.chunk import Settled
from gateway.jobs.job import ErrorCount
from gateway.jobs.results import kind_of, pack_results

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.batch.outcome import Outcome
    from gateway.jobs.chunk import Lease

PUBLISHED = b""
"""An event that stands for what the same write publishes."""


class Settlement:
    """What a run has settled of a chunk and the store does not know yet.

    An item is settled when no run of this job will send it again. ``repeats_unknown``: an item of unknown outcome is
    sent again, since the core applies a key once.
    """

    def __init__(self, lease: Lease, *, repeats_unknown: bool) -> None:
        self.bits = lease.settled
        self._first_index = lease.first_index
        self._all = (1 << lease.all_items) - 1
        self._repeats_unknown = repeats_unknown
        self._waiting: list[Entry] = []
        self._writes = 0
        self.unsure: Settled | None = None

    @property
    def is_complete(self) -> bool:
        """The whole chunk is settled."""
        return self.bits == self._all

    def events_of(self, entries: Sequence[Entry]) -> list[bytes]:
        """What a claim has recorded, for the journal. What that settles is published, so the journal need not have it."""
        bits, repeats_unknown, still_open = self.bits, self._repeats_unknown, list[Entry]()
        for entry in entries:
            state, bit = entry.state, 1 << entry.index
            if state == "open" or (state == "unknown" and repeats_unknown):
                still_open.append(entry)
            elif not bits & bit:
                bits |= bit
                self._waiting.append(entry if is_update(entry.payload) else self._advised(entry))
        self.bits = bits
        return item_events(still_open) + [PUBLISHED] * (len(still_open) < len(entries))

    def add(self, offset: int, outcome: Outcome) -> None:
        """What is settled already stays as it is."""
        if self._is_settled(outcome):
            self.settle(offset, outcome)

    def settle(self, offset: int, outcome: Outcome) -> None:
        """Whatever it is: no run will send it again."""
        if not self.has(offset):
            self.bits |= 1 << offset
            self._waiting.append(Entry(offset, "final", stored(outcome)))

    def has(self, offset: int) -> bool:
        return bool(self.bits >> offset & 1)

    def open_offsets(self, items: int) -> list[int]:
        return [offset for offset in range(items) if not self.has(offset)]

    def next_write(self) -> Settled | None:
        """What waits. It is ``unsure`` until ``was_written``: then it must be written again as it was."""
        if self._waiting:
            self._writes += 1
            self._waiting.sort(key=attrgetter("index"))
            self.unsure = _settled(self._waiting, self._writes, self.bits, self._first_index)
            self._waiting.clear()
        return self.unsure

    def was_written(self) -> None:
        self.unsure = None

    def _is_settled(self, outcome: Outcome) -> bool:
        if not isinstance(outcome, ItemError) or outcome.is_final:
            return True
        return outcome.outcome is Applied.UNKNOWN and not self._repeats_unknown

    def _advised(self, entry: Entry) -> Entry:
        """As the item's caller is told."""
        error = restored(entry.payload)
        if isinstance(error, ItemError):
            error = error.with_retry_advice(repeats_unknown=self._repeats_unknown)
        return Entry(entry.index, "final", stored(error))


def _settled(waiting: Sequence[Entry], number: int, bits: int, first_index: int) -> Settled:
    """``waiting`` in order."""
    failed = [(entry.index, restored(entry.payload)) for entry in waiting if not is_update(entry.payload)]
    counts = {"applied": len(waiting) - len(failed), "failed": 0, "unknown": 0}
    for _, outcome in failed:
        counts[kind_of(outcome)] += 1
    return Settled(
        number=number,
        results=pack_results(waiting),
        bits=bits,
        errors=_by_code(failed, first_index),
        **counts,
    )


def _by_code(outcomes: Iterable[tuple[int, Outcome]], first_index: int) -> list[ErrorCount]:
    """``outcomes`` in order."""
    found: dict[str, ErrorCount] = {}
    for offset, outcome in outcomes:
        if isinstance(outcome, ItemError):
            before = found.get(outcome.code) or ErrorCount(outcome.code, 0, first_index + offset, outcome.detail)
            found[outcome.code] = ErrorCount(before.code, before.count + 1, before.first_index, before.sample)
    return list(found.values())
