"""The lines of a journal, one JSON object each, and what they amount to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cli.chunk import Answered, Chunk, Span
from cli.job_state import JobState, Settled, settled_of
from cli.open_chunk import Open
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
    # A file's name may be no text, and is half a surrogate pair then.
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


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


def job_line(job: JobState | None) -> dict[str, object]:
    """None: it goes in batches, since the gateway has no jobs for it."""
    return {"job": None if job is None else {"key": job.key, "id": job.id}}


def part_line(number: int) -> dict[str, object]:
    """The gateway has the part."""
    return {"part": number}


def missing_line(numbers: Sequence[int]) -> dict[str, object]:
    """The gateway does not have these after all."""
    return {"missing": list(numbers)}


def started_line() -> dict[str, object]:
    return {"started": True}


def over_line() -> dict[str, object]:
    """The job has told all."""
    return {"over": True}


def retry_line(job: str) -> dict[str, object]:
    """What was retryable is with this job now."""
    return {"retry": job}


def settled_line(settled: Mapping[int, Settled], cursor: str, applied_bytes: int | None) -> dict[str, object]:
    """What a page of results told, by number of the chunk. ``cursor`` goes on after it."""
    more = {} if applied_bytes is None else {"applied_bytes": applied_bytes}
    return {"settled": {str(number): one.saved() for number, one in settled.items()}, "cursor": cursor, **more}


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
class State:
    """``spans`` are to be cut, the first first. ``counts`` are of all that is final. ``ended`` is when, or 0.

    ``applied_bytes`` is how long the file of what was applied was, or None where there is none.
    ``left`` are the files that were written for the user, with the SHA-256 of each; ``is_left``: since the end too.
    ``job`` carries the chunks as its parts; None: each is a batch.
    """

    spans: list[Span]
    open: dict[int, Open] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    next_number: int = 0
    ended: float = 0.0
    applied_bytes: int | None = None
    left: dict[str, str] = field(default_factory=dict)
    is_left: bool = False
    job: JobState | None = None
    _whole: Span = field(init=False)

    def __post_init__(self) -> None:
        self._whole = self.spans[0]

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
            self.end(record["ended"])
        elif "left" in record:
            self.leave(record["left"])
        elif "settled" in record:
            self.settle({int(number): settled_of(one) for number, one in record["settled"].items()}, record["cursor"])
            self.applied_bytes = record.get("applied_bytes", self.applied_bytes)
        else:
            self._take_job(record)

    def _take_job(self, record: Mapping[str, Any]) -> None:
        if "job" in record:
            self.take_job(record["job"] and JobState(**record["job"]))
        elif self.job is not None:
            self.job.take(record)
        if "started" in record:
            # A whole input ends where its file does, so that something always seemed left of it.
            self.spans = []

    def end(self, at: float) -> None:
        """The files of an earlier run that stopped lack what this one told."""
        self.ended, self.is_left = at, False

    def leave(self, left: Mapping[str, str]) -> None:
        self.left, self.is_left = dict(left), bool(self.ended)

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
        if self.job is not None:
            # The parts of a job are numbered without a gap.
            self.next_number = number
        self.counts = self.counts.plus(Counts(failed=len(refused)))

    def take_job(self, job: JobState | None) -> None:
        """Another one takes all of the input: of one that was not started nothing was sent on."""
        if job is None or self.job is None or job.key != self.job.key:
            self.spans, self.open, self.next_number = [self._whole], {}, 0
        self.job = job

    def settle(self, settled: Mapping[int, Settled], cursor: str) -> None:
        """Raises KeyError for a chunk that is not open."""
        for number, one in settled.items():
            known = self.open[number]
            self.counts = self.counts.plus(known.settle(one))
            if known.settled.bit_count() >= known.chunk.sent and not known.again:
                del self.open[number]
        if self.job is not None:
            self.job.cursor = cursor

    @property
    def unsettled(self) -> Counts:
        """How the items of open chunks stand; without an answer they are unknown. A job tells of each by itself."""
        counts = Counts()
        if self.job is not None:
            return counts
        for one in self.open.values():
            if one.answered is None:
                counts = counts.plus(Counts(unknown=one.chunk.sent))
            else:
                counts = counts.plus(Counts.of(one.chunk.sent, list(one.answered.failures)))
        return counts
