from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.admission.idempotency.journal import Entry, EventsOf

# A store takes so much in a few milliseconds. Nothing else runs in that time.
MUCH_BYTES = 262_144


class Unwritten:
    """Results that a batch's record does not have yet. ``events_of`` says how it keeps them.

    ``updates`` are items that were updated by index, after all others. Whoever has one adds it, and its ``update_bytes``.
    More than ``much_items`` are to be written at once.
    """

    def __init__(self, events_of: EventsOf, much_items: int) -> None:
        self._events_of = events_of
        self._much_items = much_items
        self._entries: list[Entry] = []
        self.updates: dict[int, bytes] = {}
        self.update_bytes = 0
        self._size = 0
        self._waiting: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries) + len(self.updates)

    @property
    def items(self) -> int:
        return len(self) + len(self._waiting)

    @property
    def is_much(self) -> bool:
        return len(self) > self._much_items or self._size + self.update_bytes >= MUCH_BYTES

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._size += len(entry.payload)

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
        return self._events_of(self._entries, self.updates)

    def with_mark(self, mark: Sequence[bytes], covered: Sequence[Entry]) -> list[bytes]:
        return [*self.events(), *mark, *self._events_of(covered, {})]

    def written(self, covered: Sequence[Entry]) -> None:
        self._entries.clear()
        self.updates.clear()
        self._size = self.update_bytes = 0
        for entry in covered:
            del self._waiting[entry.index]
