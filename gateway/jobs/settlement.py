from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from gateway.admission.idempotency.journal import item_events
from gateway.batch.outcome import ItemError, restored
from gateway.item_codes import Applied
from gateway.jobs.chunk import Settled
from gateway.jobs.job import ErrorCount
from gateway.jobs.packing import packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.admission.idempotency.journal import Entry
    from gateway.batch.outcome import Outcome
    from gateway.jobs.chunk import Lease
    from gateway.jobs.result_lines import ChunkLines

_ONE = ord("1")
_offset_of = itemgetter(0)
PUBLISHED = b""
"""An event that stands for what the same write publishes."""


class Settlement:
    """What a run has settled of a chunk and the store does not know yet.

    An item is settled when no run of this job will send it again. ``repeats_unknown``: an item of unknown outcome is
    sent again, since the core applies a key once.
    """

    def __init__(self, lease: Lease, lines: ChunkLines, *, repeats_unknown: bool) -> None:
        self.bits = lease.settled
        self._lines = lines
        self._items = lease.all_items
        self._all = (1 << lease.all_items) - 1
        self._repeats_unknown = repeats_unknown
        self._updated: list[tuple[int, bytes]] = []
        self._failed: list[tuple[int, ItemError]] = []
        self._writes = 0
        self.unsure: Settled | None = None

    @property
    def is_complete(self) -> bool:
        """The whole chunk is settled."""
        return self.bits == self._all

    def events_of(self, entries: Sequence[Entry], updates: Mapping[int, bytes]) -> list[bytes]:
        """What a claim has recorded, for the journal. What that settles is published, so the journal need not have it.

        ``updates`` are by offset.
        """
        if not (entries or updates):
            return []
        still_open: list[Entry] = []
        for entry in entries:
            if entry.state == "open" or (entry.state == "unknown" and self._repeats_unknown):
                still_open.append(entry)
            else:
                self._settle_recorded(entry)
        self._settle_updates(updates)
        return item_events(still_open, {}) + [PUBLISHED] * (len(still_open) < len(entries) + len(updates))

    def _settle_recorded(self, entry: Entry) -> None:
        outcome = restored(entry.payload)
        self.settle(entry.index, self._advised(outcome) if isinstance(outcome, ItemError) else outcome)

    def _settle_updates(self, updates: Mapping[int, bytes]) -> None:
        # A number of 1,000 bits is made once, and not for each item.
        digits = bytearray(b"0") * self._items
        for offset in updates:
            digits[~offset] = _ONE
        bits = int(digits, 2)
        told = updates.items()
        self._updated += [each for each in told if not self.has(each[0])] if bits & self.bits else told
        self.bits |= bits

    def add(self, offset: int, outcome: Outcome) -> None:
        """What is settled already stays as it is."""
        if self._is_settled(outcome):
            self.settle(offset, outcome)

    def settle(self, offset: int, outcome: Outcome) -> None:
        """Whatever it is: no run will send it again."""
        if not self.has(offset):
            self.bits |= 1 << offset
            if isinstance(outcome, ItemError):
                self._failed.append((offset, outcome))
            else:
                self._updated.append((offset, outcome))

    def has(self, offset: int) -> bool:
        return bool(self.bits >> offset & 1)

    def open_offsets(self, items: int) -> list[int]:
        return [offset for offset in range(items) if not self.has(offset)]

    def next_write(self) -> Settled | None:
        """What waits. It is ``unsure`` until ``was_written``: then it must be written again as it was."""
        if self._updated or self._failed:
            self._writes += 1
            self.unsure = self._settled()
            self._updated.clear()
            self._failed.clear()
        return self.unsure

    def was_written(self) -> None:
        self.unsure = None

    def _settled(self) -> Settled:
        lines, updated, failed = self._lines, self._updated, self._failed
        failed.sort(key=_offset_of)
        unknown = sum(error.outcome is Applied.UNKNOWN for _, error in failed)
        return Settled(
            number=self._writes,
            results=packed(lines.text(sorted([*updated, *failed], key=_offset_of))),
            bits=self.bits,
            applied=len(updated),
            failed=len(failed) - unknown,
            unknown=unknown,
            errors=_by_code(failed, lines.first_index),
        )

    def _is_settled(self, outcome: Outcome) -> bool:
        if not isinstance(outcome, ItemError) or outcome.is_final:
            return True
        return outcome.outcome is Applied.UNKNOWN and not self._repeats_unknown

    def _advised(self, error: ItemError) -> ItemError:
        """As the item's caller is told."""
        return error.with_retry_advice(repeats_unknown=self._repeats_unknown)


def _by_code(failed: Iterable[tuple[int, ItemError]], first_index: int) -> list[ErrorCount]:
    """``failed`` in order."""
    found: dict[str, ErrorCount] = {}
    for offset, error in failed:
        before = found.get(error.code) or ErrorCount(error.code, 0, first_index + offset, error.detail)
        found[error.code] = ErrorCount(before.code, before.count + 1, before.first_index, before.sample)
    return list(found.values())
