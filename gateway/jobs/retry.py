from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.batch.outcome import ItemError
from gateway.jobs.chunk import Part
from gateway.jobs.errors import JobNotFound, NothingToRetry, WrongState
from gateway.jobs.job import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gateway.jobs.job import Job, NewJob
    from gateway.jobs.result_lines import ResultLine
    from gateway.jobs.store import JobStore
    from legacy_client.calls import Update

_PART_ITEMS = 1000


def retry(
    jobs: JobStore,
    principal: str,
    job_id: str,
    new: NewJob,
    *,
    repeats_unknown: bool,
    let_others_run: Callable[[], object] = bool,
) -> Job:
    """A started job of what an ended one left: what failed and is retryable, and what was not processed.

    Items of unknown outcome are among them where the core honours keys (``repeats_unknown``): they keep their keys.
    Asked again, it gives the same job; one that was cut off midway is completed.
    Raises JobNotFound, WrongState, NothingToRetry, and what ``create``, ``put_part`` and ``start`` raise.
    """
    job = jobs.get(principal, job_id)
    if job.is_live:
        raise WrongState(job.state, ENDED)
    parts = _parts(_selected(jobs, job, let_others_run, repeats_unknown=repeats_unknown))
    first = next(parts, None)
    if first is None:
        raise NothingToRetry
    # Two who ask at once get one job. No caller's own key has a space.
    made = _linked(jobs, job) or jobs.create(principal, replace(new, key=f"retry of {job_id}"))[0]
    if made.state != "uploading":
        return made
    jobs.link_retry(job_id, made.id)
    try:
        return _started(jobs, principal, made.id, job_id, itertools.chain([first], parts))
    except WrongState:
        # The other one was faster.
        return jobs.get(principal, made.id)


def _started(jobs: JobStore, principal: str, made: str, job_id: str, parts: Iterable[list[Update]]) -> Job:
    number = 0
    for number, part in enumerate(parts, 1):
        jobs.put_part(principal, made, Part(number, f"{job_id}/{number}"), part)
    return jobs.start(principal, made, number)


def _linked(jobs: JobStore, job: Job) -> Job | None:
    try:
        return jobs.get(job.principal, job.retried_as) if job.retried_as else None
    except JobNotFound:
        return None


def _selected(
    jobs: JobStore, job: Job, let_others_run: Callable[[], object], *, repeats_unknown: bool
) -> Iterator[Update]:
    cursor, is_last, calls = "", False, _Calls(jobs, job.id)
    while not is_last:
        page = jobs.results(job.principal, job.id, since=cursor)
        yield from (calls.of(line) for line in page.lines if _may_be_sent_again(line, repeats_unknown=repeats_unknown))
        cursor, is_last = page.cursor, page.is_last
        let_others_run()


class _Calls:
    """The calls of lines. Those of a chunk are read once, as its lines mostly follow each other."""

    def __init__(self, jobs: JobStore, job_id: str) -> None:
        self._jobs = jobs
        self._job_id = job_id
        self._part = self._first_line = 0
        self._calls: Sequence[Update] = ()

    def of(self, line: ResultLine) -> Update:
        if line.part != self._part or not 0 <= line.line - self._first_line < len(self._calls):
            self._part = line.part
            self._first_line, self._calls = self._jobs.calls(self._job_id, line.part, line.line)
        return self._calls[line.line - self._first_line]


def _may_be_sent_again(line: ResultLine, *, repeats_unknown: bool) -> bool:
    if not line.item_id:
        return False  # What it was cannot be read any more.
    if line.kind == "unknown":
        return repeats_unknown
    return line.outcome is None or (isinstance(line.outcome, ItemError) and line.outcome.retryable)


def _parts(calls: Iterator[Update]) -> Iterator[list[Update]]:
    part: list[Update] = []
    for call in calls:
        part.append(call)
        if len(part) == _PART_ITEMS:
            yield part
            part = []
    if part:
        yield part
