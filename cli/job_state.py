"""How far a job is, as a journal keeps it (``contract.md`` 1.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cli.outcome import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(slots=True)
class JobState:
    """``key`` makes it, and makes no second one. Without an ``id`` it may have been made, or not.

    ``parts`` are the numbers of the chunks that the gateway has. ``cursor`` is where its results go on.
    ``over``: it has told all. ``is_retry``: it has only what another job left as retryable.
    """

    key: str
    id: str = ""
    parts: set[int] = field(default_factory=set)
    started: bool = False
    cursor: str = ""
    over: bool = False
    is_retry: bool = False

    def take(self, record: Mapping[str, Any]) -> None:
        """One line of a journal more."""
        if "part" in record:
            self.parts.add(record["part"])
        elif "missing" in record:
            self.parts.difference_update(record["missing"])
        elif "started" in record:
            self.started = True
        elif "over" in record:
            self.over = True
        elif "retry" in record:
            self.id, self.cursor, self.over, self.is_retry = record["retry"], "", False, True


@dataclass(frozen=True, slots=True)
class Settled:
    """Items of one chunk that ended: the places of the ``applied`` in order, and the ``failures``."""

    applied: Sequence[int]
    failures: Sequence[Failure]

    @property
    def count(self) -> int:
        return len(self.applied) + len(self.failures)

    @property
    def places(self) -> set[int]:
        return {*self.applied, *(failure.place for failure in self.failures)}

    def saved(self) -> dict[str, object]:
        """As JSON. Places that follow each other are one range of ``[first, last]``."""
        return {"applied": list(_ranges(self.applied)), "failures": list(self.failures)}


def settled_of(saved: Mapping[str, Any]) -> Settled:
    applied = [place for first, last in saved["applied"] for place in range(first, last + 1)]
    return Settled(applied, [Failure(*entry) for entry in saved["failures"]])


def _ranges(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    if not places:
        return
    first = places[0]
    for before, place in pairwise(places):
        if place != before + 1:
            yield first, before
            first = place
    yield first, places[-1]
