from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.admission.idempotency.journal import Entry

_MUCH_ITEMS = 64
# A store takes so much in a few milliseconds. Nothing else runs in that time.
_MUCH_BYTES = 262_144


class Unwritten:
    """Results that a batch's record does not have yet, in order. ``events_of`` says how it keeps them."""

    def __init__(self, events_of: Callable[[Sequence[Entry]], list[bytes]]) -> None:
        self._events_of = events_of
        self._entries: list[Entry] = []
        self._bytes = 0
        self.is_much = False
        self._waiting: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def items(self) -> int:
        return len(self._entries) + len(self._waiting)

    def add(self, entry: Entry) -> None:
        entries = self._entries
        entries.append(entry)
        self._bytes += len(entry.payload)
        if len(entries) >= _MUCH_ITEMS or self._bytes >= _MUCH_BYTES:
            self.is_much = True

    def wait(self, entry: Entry) -> None:
        # Its mark would make it unknown.
        self._waiting[entry.index] = entry

    def wait_no_more(self) -> None:
        """The marks stand, or none will come."""
        for entry in self._waiting.values():
            self.add(entry)
        self._waiting.clear()

    def covered(self, is_before: Callable[[int], bool]) -> Sequence[Entry]:
        return [entry for entry in self._waiting.values() if is_before(entry.index)]

    def events(self) -> list[bytes]:
        """What does not wait for a mark."""
        return self._events_of(self._entries)

    def with_mark(self, mark: Sequence[bytes], covered: Sequence[Entry]) -> list[bytes]:
        return [*self._events_of(self._entries), *mark, *self._events_of(covered)]

    def written(self, covered: Sequence[Entry]) -> None:
        self._entries.clear()
        self._bytes, self.is_much = 0, False
        for entry in covered:
            del self._waiting[entry.index]
