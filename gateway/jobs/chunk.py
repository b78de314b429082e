"""A chunk: so many calls of one part as one worker runs at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from gateway.jobs.packing import UnreadableTextError, packed, unpacked
from legacy_client.calls import Update, ids_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.jobs.job import ErrorCount, State

# As ``Update._make``, without a call in Python for each.
_update = partial(tuple.__new__, Update)

MOST_ITEMS = 1000
MOST_BYTES = 2_097_152
MOST_ATTEMPTS = 5
LONGEST_WAIT_SECONDS = 60.0
"""Of a chunk or a job that is put back."""


@dataclass(frozen=True, slots=True)
class Piece:
    """``items`` calls from ``line`` on, which counts from 0 in the part."""

    line: int
    items: int
    calls: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """``digest`` is of its bytes as they came, so that the same part can be told from another. Numbers begin at 1.

    ``traceparent`` is that of the request that brought it; without one its items have the job's.
    """

    number: int
    digest: str
    traceparent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A worker's hold on a chunk. ``owner`` is the fence: whoever has another can write nothing.

    ``keys_of``: the job whose id is in the keys of the calls; another one for a retry.
    ``line`` of its first item counts from 0 in the part.
    ``items``: those to run now, the first of ``all_items``. Bit n of ``settled``: item n is settled.
    ``events``: the journal of earlier runs; ``published``: the results that they settled, packed, which it lacks.
    ``attempts``: runs without progress, this one counted.
    """

    job_id: str
    chunk: int
    owner: str
    principal: str
    resource: str
    keys_of: str
    request_id: str
    traceparent: str
    first_index: int
    part: int
    line: int
    items: int
    all_items: int
    calls: bytes
    events: Sequence[bytes]
    published: Sequence[bytes]
    settled: int
    attempts: int

    @property
    def is_worn_out(self) -> bool:
        return self.attempts > MOST_ATTEMPTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a write settles. ``number`` counts the writes of a lease, so that a repeat is known as one.

    ``results`` is packed. ``bits`` has all settled items of the chunk, these too. The counts are of these alone.
    """

    number: int
    results: bytes
    bits: int
    applied: int
    failed: int
    unknown: int
    errors: Sequence[ErrorCount]

    @property
    def items(self) -> int:
        return self.applied + self.failed + self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ends. Without ``is_done`` the chunk is due again after ``wait_seconds``.

    ``job_wait_seconds``: the whole job waits, since the core does not keep up.
    ``is_excused``: the run was hindered, so it is no attempt.
    """

    is_done: bool = False
    wait_seconds: float = 0.0
    job_wait_seconds: float = 0.0
    is_excused: bool = False


@dataclass(frozen=True, slots=True)
class Gauges:
    """What the metrics show.

    ``oldest_due_seconds``: how long chunks have been due, and none was handed out.
    ``without_progress_seconds``: how long a job might run and no item of it was settled; the longest of all jobs.
    ``items``: those settled since the store was made, by ``applied``, ``failed`` and ``unknown``.
    """

    jobs: dict[State, int]
    chunks_due: int
    chunks_leased: int
    oldest_due_seconds: float
    without_progress_seconds: float
    used_bytes: int
    items: dict[str, int]


def cut(calls: Sequence[Update]) -> Iterator[Piece]:
    """Pieces of 1,000 items or 2 MiB, whichever comes first."""
    line = 0
    while line < len(calls):
        bodies = [call.body for call in calls[line : line + MOST_ITEMS]]
        items = len(bodies)
        if sum(map(len, bodies)) > MOST_BYTES:
            sizes = accumulate(map(len, bodies))
            items = max(1, sum(size <= MOST_BYTES for size in sizes))
        yield Piece(line, items, pack(calls[line : line + items]))
        line += items


def pack(calls: Sequence[Update]) -> bytes:
    # JSON by orjson has no newline, and an id is digits or a UUID. So all ids are encoded at once.
    lines = [b""] * (2 * len(calls))
    lines[::2] = "\n".join(ids_of(calls)).encode().split(b"\n")
    lines[1::2] = [call.body for call in calls]
    return packed(b"\n".join(lines))


def shown(text: bytes, items: int) -> list[Update]:
    """As they were packed; without ids and bodies where that cannot be read."""
    try:
        calls = unpack(text)
    except (UnreadableTextError, ValueError):
        calls = []
    return calls if len(calls) == items else [Update("", b"")] * items


def unpack(text: bytes) -> list[Update]:
    """Raises UnreadableTextError or ValueError."""
    lines = unpacked(text).split(b"\n")
    ids = b"\n".join(lines[::2]).decode().split("\n")
    return list(map(_update, zip(ids, lines[1::2], strict=True)))
