"""The journal of one idempotent batch: an append-only list of events, and what can be known of each item from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

State = Literal["final", "unknown", "open"]
"""``final``: never sent again. ``unknown``: may have been applied. ``open``: surely not applied, so it may be sent."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one item; ``payload`` is any JSON-ready value, None where no answer was kept."""

    index: int
    state: State
    payload: object = None


def sent_event(low: int, high: int) -> bytes:
    """From now on the items ``low <= index < high`` may have been sent."""
    return orjson.dumps({"sent": (low, high)})


def items_event(entries: Sequence[Entry]) -> bytes:
    """The items have ended, for this run, as the entries say."""
    return orjson.dumps({"items": [(entry.index, entry.state, entry.payload) for entry in entries]})


def replay(events: Iterable[bytes]) -> dict[int, Entry]:
    """Entries by index, of all items that were ever sent or that ended. ValueError for bytes that are no journal."""
    known: dict[int, Entry] = {}
    for event in events:
        try:
            _apply(orjson.loads(event), known)
        except (KeyError, TypeError, ValueError) as exc:
            raise ValueError("not an event of a journal") from exc
    return known


def _apply(event: Any, known: dict[int, Entry]) -> None:
    if "sent" in event:
        _mark(range(*event["sent"]), known)
        return
    for index, state, payload in event["items"]:
        known[index] = Entry(index, state, payload)


def _mark(indexes: range, known: dict[int, Entry]) -> None:
    for index in indexes:
        entry = known.get(index)
        if entry is None or entry.state == "open":
            known[index] = Entry(index, "unknown")


class Record(Protocol):
    """One record of a store, held under a lease. A call that raises StoreUnavailable may be made again."""

    def append(self, events: Sequence[bytes]) -> None:
        """Add events and renew the lease."""

    def close(self, events: Sequence[bytes], *, complete: bool) -> None:
        """Add events and give the lease back; ``complete``: every item is final."""

    def rollback(self) -> None:
        """Take back everything written since the claim, the record itself if the claim made it."""
