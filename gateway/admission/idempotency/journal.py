"""The journal of an idempotent batch: JSON events that are only appended.

``places`` says where each payload lies in the text of ``items``.
So payloads need no parsing, which would take ten times the time and memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat
from operator import sub
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

State = Literal["final", "unknown", "open"]
"""``final``: never sent again. ``unknown``: may have been applied. ``open``: not applied, may be sent."""
_PLACES, _ITEMS, _NOTHING = b'{"places":', b',\n"items":[', b"null"
UPDATED = b'{"item":'
"""A payload that begins so has an updated item, which ends before its last byte."""
stored_update = (UPDATED + b"%b}").__mod__
_UPDATED_ITEM = (b'[%d,"final",' + UPDATED + b"%b}],").__mod__
_WRAPPING, _AFTER = len(stored_update(b"")), len(b"],")
_NO_UPDATES: Mapping[int, bytes] = MappingProxyType({})


# Not frozen: one is made for each item, and would take twice as long to make.
@dataclass(slots=True)
class Entry:
    """``payload`` is JSON, empty where no answer was kept."""

    index: int
    state: State
    payload: bytes = b""


class Subject(NamedTuple):
    """What a batch is about: its resource's name, and the ids of its items."""

    resource: str
    ids: Sequence[str]


class Kept(NamedTuple):
    """What is kept of a batch. ``subject`` is None where an earlier release began it."""

    subject: Subject | None
    entries: Mapping[int, Entry]


def sent_event(low: int, high: int, subject: Subject | None = None) -> bytes:
    """Items ``low <= index < high`` may have been sent. The first event of a batch has its subject."""
    # Earlier releases read no more of it than "sent".
    return orjson.dumps({"sent": (low, high)} | ({"batch": subject._asdict()} if subject else {}))


def items_event(entries: Iterable[Entry], updates: Mapping[int, bytes] = _NO_UPDATES) -> bytes:
    """``updates``: more items that are final, by index, each as it is after its update."""
    places, texts, at = [], [], 0
    for entry in entries:
        head, payload = b'[%d,"%b",' % (entry.index, entry.state.encode()), entry.payload or _NOTHING
        begins, ends = at + len(head), at + len(head) + len(payload)
        places.append((entry.index, entry.state, begins, ends))
        texts.append(b"%b%b]," % (head, payload))
        at = ends + _AFTER
    # Most items end so: what follows runs without a line of Python for each.
    updated = list(map(_UPDATED_ITEM, updates.items()))
    all_end = list(map((at - _AFTER).__add__, accumulate(map(len, updated))))
    all_begin = map(sub, all_end, map(_WRAPPING.__add__, map(len, updates.values())))
    places.extend(zip(updates, repeat("final"), all_begin, all_end))
    texts += updated
    if texts:
        texts[-1] = texts[-1][:-1]
    # There is no other newline: JSON has none in a text, and orjson writes none between values.
    return b"".join((_PLACES, orjson.dumps(places), _ITEMS, *texts, b"]}"))


def item_events(entries: Sequence[Entry], updates: Mapping[int, bytes]) -> list[bytes]:
    """``updates`` as ``items_event`` has them. None for no item."""
    return [items_event(entries, updates)] if entries or updates else []


EventsOf = Callable[[Sequence[Entry], Mapping[int, bytes]], list[bytes]]
"""How a record keeps results: entries, and more items that were updated, by index."""


def replay(events: Iterable[bytes]) -> dict[int, Entry]:
    """All items that were sent or ended. Raises ValueError for an invalid journal."""
    known: dict[int, Entry] = {}
    for event in events:
        _read(event, known)
    return known


def kept(events: Iterable[bytes]) -> Kept:
    """Raises ValueError for an invalid journal."""
    subject, known = None, dict[int, Entry]()
    for number, event in enumerate(events):
        _read(event, known)
        subject = subject if number else _subject(event)
    return Kept(subject, known)


def _subject(event: bytes) -> Subject | None:
    batch = None if event.startswith(_PLACES) else orjson.loads(event).get("batch")
    try:
        return batch and Subject(batch["resource"], batch["ids"])
    except (KeyError, TypeError) as exc:
        raise ValueError("not the subject of a batch") from exc


def _read(event: bytes, known: dict[int, Entry]) -> None:
    try:
        _apply(event, known)
    except (KeyError, TypeError, ValueError) as exc:
        raise ValueError("not an event of a journal") from exc


def _apply(event: bytes, known: dict[int, Entry]) -> None:
    if event.startswith(_PLACES):
        known.update((entry.index, entry) for entry in _placed(event))
        return
    parsed: Any = orjson.loads(event)
    if "sent" in parsed:
        _mark(range(*parsed["sent"]), known)
        return
    # Earlier releases write no places.
    for index, state, payload in parsed["items"]:
        known[index] = Entry(index, state, b"" if payload is None else orjson.dumps(payload))


def _placed(event: bytes) -> Iterator[Entry]:
    ends = event.index(_ITEMS)
    origin = ends + len(_ITEMS)
    for index, state, low, high in orjson.loads(event[len(_PLACES) : ends]):
        begin, end = origin + low, origin + high
        if low < 0 or event[begin - 1 : begin] != b"," or event[end : end + 1] != b"]":
            raise ValueError("no payload there")
        payload = event[begin:end]
        yield Entry(index, state, b"" if payload == _NOTHING else payload)


def _mark(indexes: range, known: dict[int, Entry]) -> None:
    for index in indexes:
        entry = known.get(index)
        if entry is None or entry.state == "open":
            known[index] = Entry(index, "unknown")


class Record(Protocol):
    """A record held under a lease. After StoreUnavailable a call may be repeated."""

    def append(self, events: Sequence[bytes]) -> None:
        """Renews the lease."""

    def close(self, events: Sequence[bytes], *, complete: bool) -> None:
        """Gives the lease back. ``complete``: every item is final."""

    def rollback(self) -> None:
        """Remove what was written since the claim."""
