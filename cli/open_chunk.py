"""A chunk of a run that may have more to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cli.outcome import Counts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cli.chunk import Answered, Chunk
    from cli.job_state import Settled
    from cli.outcome import Kind


@dataclass(slots=True)
class Open:
    """A chunk that may have more to tell. Without ``answered`` it may have been sent, or not.

    ``settled``: the places, as bits, that a job has told the end of; of them those in ``again`` are retryable.
    """

    chunk: Chunk
    answered: Answered | None = None
    settled: int = 0
    again: dict[int, Kind] = field(default_factory=dict)

    def takes(self, one: Settled) -> bool:
        """Whether each place is one of the chunk, and told once unless it was retried."""
        places = one.places
        told = self.settled & ~_bits(self.again.keys())
        is_inside = not places or (min(places) >= 0 and max(places) < self.chunk.count)
        return is_inside and len(places) == one.count and not told & _bits(places)

    def settle(self, one: Settled) -> Counts:
        """How the counts change: a retry tells of an item that was counted before."""
        before = [self.again.pop(place) for place in one.places & self.again.keys()]
        unknown = before.count("unknown")
        self.settled |= _bits(one.places)
        self.again |= {failure.place: failure.outcome for failure in one.failures if failure.retryable}
        return Counts.of(one.count, list(one.failures)).plus(Counts(0, unknown - len(before), -unknown))


def _bits(places: Iterable[int]) -> int:
    bits = 0
    for place in places:
        bits |= 1 << place
    return bits
