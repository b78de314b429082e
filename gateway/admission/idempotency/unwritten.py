from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.admission.idempotency.journal import items_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.admission.idempotency.journal import Entry

_MUCH_ITEMS = 64
# A store takes so much in a few milliseconds. Nothing else runs in that time.
_MUCH_BYTES = 262_144


class Unwritten:
    """Results that a batch's record does not have yet, in order."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._bytes = 0
        self._waiting: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def is_much(self) -> bool:
        return len(self._entries) >= _MUCH_ITEMS or self._bytes >= _MUCH_BYTES

    @property
    def items(self) -> int:
        return len(self._entries) + len(self._waiting)

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._bytes += len(entry.payload)

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
        return _event(self._entries)

    def with_mark(self, mark: Sequence[bytes], covered: Sequence[Entry]) -> list[bytes]:
        return [*_event(self._entries), *mark, *_event(covered)]

    def written(self, covered: Sequence[Entry]) -> None:
        self._entries.clear()
        self._bytes = 0
        for entry in covered:
            del self._waiting[entry.index]


def _event(entries: Sequence[Entry]) -> list[bytes]:
    return [items_event(entries)] if entries else []
