"""The lines of a journal, one JSON object each, and what they amount to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cli.chunk import Answered, Chunk, Span
from cli.outcome import Counts, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORM = 1
"""Of the lines; a journal of another form is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Which input goes to which gateway. ``reading`` are the options that decide how its rows are read.

    ``begun`` is in seconds since 1970. ``items`` were counted by the check.
    ``caller`` is whose keys they are. ``applied`` is the file of what was applied, or empty.
    """

    target: str
    path: str
    size: int
    sha256: str
    reading: Mapping[str, Any]
    items: int
    begun: float
    caller: str = ""
    applied: str = ""


def encode(record: Mapping[str, object]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def header_line(header: Header) -> dict[str, object]:
    return {"journal": FORM, **asdict(header)}


def cut_line(chunk: Chunk) -> dict[str, object]:
    return {"cut": asdict(chunk)}


def answer_line(number: int, answered: Answered, applied_bytes: int | None) -> dict[str, object]:
    """``applied_bytes``: how long the file of what was applied is with it."""
    more = {} if applied_bytes is None else {"applied_bytes": applied_bytes}
    return {"answer": number, "final": answered.final, "failures": list(answered.failures), **more}


def again_line(number: int, refused: Sequence[Failure]) -> dict[str, object]:
    """The chunk applied nothing and is cut anew, without what the gateway found invalid."""
    return {"again": number, "refused": list(refused)}


def end_line(at: float) -> dict[str, object]:
    return {"ended": at}


def left_line(left: Mapping[str, str]) -> dict[str, object]:
    return {"left": dict(left)}


def header_of(record: Mapping[str, Any]) -> Header | None:
    """None for what is no header of this form."""
    if record.get("journal") != FORM:
        return None
    return Header(**{name: value for name, value in record.items() if name != "journal"})


def failures_of(listed: Sequence[Sequence[Any]]) -> list[Failure]:
    return [Failure(*entry) for entry in listed]


@dataclass(slots=True)
class Open:
    """A chunk that may have more to tell. Without ``answered`` it may have been sent, or not."""

    chunk: Chunk
    answered: Answered | None = None


@dataclass(slots=True)
class State:
    """``spans`` are to be cut, the first first. ``counts`` are of all that is final. ``ended`` is when, or 0.

    ``applied_bytes`` is how long the file of what was applied was, or None where there is none.
    ``left`` are the files that were written for the user, with the SHA-256 of each.
    """

    spans: list[Span]
    open: dict[int, Open] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    next_number: int = 0
    ended: float = 0.0
    applied_bytes: int | None = None
    left: dict[str, str] = field(default_factory=dict)

    def take(self, record: Mapping[str, Any]) -> None:
        """One line more."""
        if "cut" in record:
            self.cut(Chunk(**{**record["cut"], "without": tuple(record["cut"]["without"])}))
        elif "answer" in record:
            self.answer(record["answer"], Answered(failures_of(record["failures"]), record["final"]))
            self.applied_bytes = record.get("applied_bytes", self.applied_bytes)
        elif "again" in record:
            self.again(record["again"], failures_of(record["refused"]))
        elif "ended" in record:
            self.ended = record["ended"]
        elif "left" in record:
            self.left = record["left"]

    def cut(self, chunk: Chunk) -> None:
        span = self.spans[0]
        self.open[chunk.number] = Open(chunk)
        self.next_number = chunk.number + 1
        if chunk.end == span.end:
            del self.spans[0]
        else:
            first = chunk.first + chunk.count
            self.spans[0] = span._replace(start=chunk.end, first=first, line=chunk.next_line)

    def answer(self, number: int, answered: Answered) -> None:
        one = self.open[number]
        one.answered = answered
        if answered.final:
            self.counts = self.counts.plus(Counts.of(one.chunk.sent, list(answered.failures)))
            del self.open[number]

    def again(self, number: int, refused: Sequence[Failure]) -> None:
        chunk = self.open.pop(number).chunk
        without = chunk.span.without.union(chunk.first + failure.place for failure in refused)
        self.spans.insert(0, chunk.span._replace(without=without))
        self.counts = self.counts.plus(Counts(failed=len(refused)))

    @property
    def unsettled(self) -> Counts:
        """How the items of open chunks stand; without an answer they are unknown."""
        counts = Counts()
        for one in self.open.values():
            if one.answered is None:
                counts = counts.plus(Counts(unknown=one.chunk.sent))
            else:
                counts = counts.plus(Counts.of(one.chunk.sent, list(one.answered.failures)))
        return counts
