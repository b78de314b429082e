"""The rows of an input → the parts of a started job."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import InvalidInput, Refused
from cli.job_state import JobState
from cli.problem import Problem, RowError
from cli.verdicts import invalid_items, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.chunk import Chunk
    from cli.connection import Answer
    from cli.cutting import Body, Cutter
    from cli.jobs.calls import JobCalls
    from cli.journal import Journal
    from cli.limits import Limits
    from cli.outcome import Failure
    from cli.rows.opening import Input
    from cli.rows.row import Rows

_LISTED = 1_000
_MOST_MADE = 3
_NO_PLACE = frozenset({"jobs-unavailable", "no-such-page"})
# Of a gateway, or a proxy in front of it, that knows no such path.
_NO_PATH = frozenset({404, 405, 501})
_GONE = frozenset({"job-not-found", "job-state", "job-part-differs"})
_ENDED_UNSTARTED = frozenset({"idle", "expired"})


class NoJob(Exception):
    """The gateway takes this input as batches alone. The message says why."""


class _Gone(Exception):
    """The job was not started and no longer takes parts."""


@dataclass(slots=True)
class _Refusals:
    rows: int = 0
    total: int = 0
    errors: list[RowError] = field(default_factory=list)

    def add(self, errors: Sequence[RowError]) -> None:
        self.rows += len({error.label for error in errors})
        self.total += len(errors)
        self.errors += errors[: _LISTED - len(self.errors)]


class Upload:
    """``note`` is told what people want to know, ``uploaded`` how many rows the gateway has.

    ``is_over`` says before each part whether no more are to be sent.
    """

    def __init__(
        self,
        source: Input,
        rows: Rows,
        journal: Journal,
        cutter: Cutter,
        calls: JobCalls,
        limits: Limits,
        note: Callable[[str], None],
        uploaded: Callable[[int], None],
        is_over: Callable[[], bool],
    ) -> None:
        self._source = source
        self._rows = rows
        self._journal = journal
        self._cutter = cutter
        self._calls = calls
        self._limits = limits
        self._note = note
        self._is_over = is_over
        self._uploaded = uploaded
        self._rows_there = 0
        self._refusals = _Refusals()

    def run(self) -> bool:
        """Whether the job is started; False where time is over before.

        Raises NoJob, InvalidInput for rows that the gateway finds invalid, Refused, Exhausted and Unwritable.
        """
        for _ in range(_MOST_MADE):
            try:
                self._make()
                return self._fill() and self._start()
            except _Gone as exc:
                self._note(f"job {self._job.id} takes no more parts ({exc}); another is made")
                self._journal.job(JobState(str(uuid.uuid4())))
        raise Refused("the gateway ended each job before it was started; nothing was sent")

    @property
    def _job(self) -> JobState:
        job = self._journal.state.job
        if job is None:
            raise AssertionError("a run that is uploaded has a job")
        return job

    def _make(self) -> None:
        if self._job.id:
            return
        # A file's name may be no text.
        label = Path(self._journal.header.path).name[-200:].encode("utf-8", "replace").decode()
        answer = self._calls.make(self._job.key, label)
        if answer.kind in _NO_PLACE or (answer.status in _NO_PATH and not answer.kind):
            self._leave(f"this gateway takes no jobs now ({answer.said})")
        if answer.status != 201 or not isinstance(job := answer.document.get("id"), str):
            raise Refused(answer.said)
        self._journal.job(JobState(self._job.key, job))
        self._note(f"job {job}: sending its parts; nothing is applied before all have been checked")

    def _leave(self, why: str) -> None:
        self._journal.job(None)
        raise NoJob(why)

    def _fill(self) -> bool:
        state = self._journal.state
        self._rows_there = 0
        for one in list(state.open.values()):
            if one.chunk.number in self._job.parts:
                self._rows_there += one.chunk.count
                continue
            if self._is_over():
                return False
            self._put(one.chunk, self._cutter.body(one.chunk))
        while state.spans:
            if self._is_over():
                return False
            self._source.check_unchanged()
            self._cut()
        self._demand_valid()
        return True

    def _cut(self) -> None:
        state = self._journal.state
        fresh = self._cutter.cut(state.next_number, state.spans[0], self._limits)
        if fresh is None:
            # Nothing but empty rows is left of it.
            del state.spans[0]
            return
        self._journal.cut(fresh[0])
        self._put(*fresh)

    def _put(self, chunk: Chunk, body: Body) -> None:
        answer = self._calls.put(self._job.id, chunk.number + 1, body.bytes)
        if answer.status == 204:
            self._journal.part(chunk)
            self._rows_there += chunk.count
            self._uploaded(self._rows_there)
        elif answer.kind in _GONE:
            raise _Gone(answer.said)
        elif answer.kind == "job-too-large":
            self._calls.end(self._job.id)
            self._leave(answer.said)
        elif answer.status == 413 and chunk.sent > 1:
            self._cut_anew(chunk, body, answer)
        elif answer.status in (400, 413):
            self._refusals.add(self._errors(chunk, body, answer))
        else:
            raise Refused(answer.said)

    def _cut_anew(self, chunk: Chunk, body: Body, answer: Answer) -> None:
        # Of the parts that were cut, it alone is not with the gateway: the others would keep their numbers.
        limits = [whole_number(answer.document.get(name)) for name in ("max_items", "max_bytes")]
        self._limits = self._limits.lowered(limits[0], limits[1], chunk.sent, len(body.bytes))
        self._journal.again(chunk)

    def _errors(self, chunk: Chunk, body: Body, answer: Answer) -> list[RowError]:
        """By row, since the reader of this has the input and not the part. Raises Refused where no row is named."""
        found = invalid_items(answer, body)
        if not found and chunk.sent > 1:
            raise Refused(answer.said)
        errors = {failure.place: failure for failure in found}
        labels = self._labels(chunk, errors) if found else {0: f"{self._rows.label} {chunk.line}"}
        return [RowError(label, _problem(errors.get(place), answer)) for place, label in labels.items()]

    def _labels(self, chunk: Chunk, errors: dict[int, Failure]) -> dict[int, str]:
        rows = enumerate(self._rows.read(chunk.start, chunk.end, chunk.line))
        return {place: f"{self._rows.label} {row.line}" for place, row in rows if place in errors}

    def _demand_valid(self) -> None:
        """So that nothing is sent before all of it is valid. The job is given up: mended, it is another input."""
        refused = self._refusals
        if refused.total:
            self._calls.end(self._job.id)
            self._journal.remove()
            raise InvalidInput(refused.errors, refused.total, refused.rows)

    def _start(self) -> bool:
        answer = self._calls.start(self._job.id, self._journal.state.next_number)
        if answer.kind == "job-parts-missing":
            self._send_missing(answer)
            answer = self._calls.start(self._job.id, self._journal.state.next_number)
        if answer.kind in _GONE or answer.document.get("why") in _ENDED_UNSTARTED:
            raise _Gone(answer.said if answer.kind else str(answer.document.get("why")))
        if answer.status != 202:
            raise Refused(answer.said)
        self._journal.started()
        return True

    def _send_missing(self, answer: Answer) -> None:
        """The gateway knows best what it has."""
        told = [number for name in ("missing", "refused") for number in answer.document.get(name, []) if number]
        self._journal.missing([number - 1 for number in told])
        if answer.document.get("surplus") or not told:
            raise _Gone(answer.said)
        self._fill()


def _problem(failure: Failure | None, answer: Answer) -> Problem:
    if failure is None:
        return Problem("", answer.kind or "too_large", answer.said)
    return Problem("", failure.code, failure.detail)
