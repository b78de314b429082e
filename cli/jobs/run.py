"""A run as a job: filled and started, then followed until every row is accounted for."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from cli.cutting import Body
from cli.errors import Exhausted, NotEnded, Refused
from cli.job_state import JobState, Settled
from cli.jobs.results import bare, by_part, by_place, pages
from cli.jobs.upload import NoJob
from cli.outcome import Failure
from cli.run import Step
from cli.told import Told

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from cli.chunk import Chunk
    from cli.cutting import Cutter
    from cli.jobs.calls import JobCalls
    from cli.jobs.results import Ended, Page
    from cli.jobs.upload import Upload
    from cli.journal import Journal
    from cli.rows.opening import Input
    from cli.run import KeepsApplied, Run

_MOST_SILENT = 20
"""Streams in a row that end without a new line."""

_MOST_CHUNKS = 16
"""Chunks whose ids are held; others are read again."""

_NOTHING_LEFT = frozenset({"job-nothing-to-retry", "job-not-found"})
_LOST = "It may have been applied, and its job is no longer known: look at it in the core, or ask your operator."


class JobRun:
    """``plain`` sends the same as batches, where the gateway has no jobs.

    ``follow``: to the end; else what can be told now. ``now`` gives seconds since 1970.
    """

    def __init__(
        self,
        source: Input,
        journal: Journal,
        cutter: Cutter,
        upload: Upload,
        calls: JobCalls,
        plain: Run,
        applied: KeepsApplied,
        now: Callable[[], float],
        note: Callable[[str], None],
        *,
        follow: bool,
        is_over: Callable[[], bool],
    ) -> None:
        self._source = source
        self._journal = journal
        self._cutter = cutter
        self._upload = upload
        self._calls = calls
        self._plain = plain
        self._applied = applied
        self._now = now
        self._note = note
        self._follow = follow
        self._is_over = is_over
        self._state_told = ""
        self._sent_ids: dict[int, Mapping[int, str]] = {}
        self._places: dict[str, tuple[int, int]] | None = None

    def steps(self) -> Iterator[Step]:
        """As ``Run.steps``. Raises NotEnded too, where the job goes on and its results cannot be had."""
        if self._journal.state.ended:
            return
        if self._journal.state.job is None:
            self._journal.job(JobState(str(uuid.uuid4())))
        try:
            if not self._job.started and not self._upload.run():
                return
        except NoJob as exc:
            self._note(f"{exc}; sending batches instead")
            yield from self._plain.steps()
            return
        if self._job.over and not (yield from self._retry()):
            return
        yield from self._results()

    @property
    def is_ended(self) -> bool:
        return self._plain.is_ended

    @property
    def _job(self) -> JobState:
        job = self._journal.state.job
        if job is None:
            raise AssertionError("a run that is followed has a job")
        return job

    def _results(self) -> Iterator[Step]:
        if self._follow:
            self._note(f"job {self._job.id} runs; it goes on where this command is stopped")
        silent = 0
        while not self._is_over():
            before = self._job.cursor
            is_last = yield from self._stream()
            if is_last or not self._follow:
                break
            silent = 0 if self._job.cursor != before else silent + 1
            if silent >= _MOST_SILENT:
                raise NotEnded(f"the results of job {self._job.id} break off again and again")
        self._end()

    def _end(self) -> None:
        if self.is_ended:
            self._source.check_unchanged()
            self._journal.end(self._now())

    def _retry(self) -> Generator[Step, None, bool]:
        """What an earlier run left as retryable is given to another job; False where that is all that can be done."""
        self._source.check_unchanged()
        answer = self._calls.change(self._job.id, "retry")
        if answer.status == 202:
            self._note(f"job {answer.document['id']} retries what can still succeed of job {self._job.id}")
            self._journal.retry(str(answer.document["id"]))
            return True
        if answer.kind not in _NOTHING_LEFT:
            raise Refused(answer.said)
        yield from self._settle_for_good()
        self._end()
        return False

    def _settle_for_good(self) -> Iterator[Step]:
        """What was retryable stays as it is."""
        for chunk, settled in Told(self._journal.path).settled():
            final = [failure._replace(retryable=False) for failure in settled.failures if failure.retryable]
            if final:
                self._journal.settle({chunk.number: Settled([], final)}, self._job.cursor)
                ids = self._cutter.body(chunk).ids
                yield Step(chunk, Body(b"", {failure.place: ids[failure.place] for failure in final}), final, {})

    def _retried(self) -> dict[str, tuple[int, int]]:
        """Chunk and place of each item that is retried, by its id."""
        places: dict[str, tuple[int, int]] = {}
        for number, one in self._journal.state.open.items():
            ids = self._cutter.body(one.chunk).ids
            places |= {bare(ids[place]): (number, place) for place in one.again}
        return places

    def _stream(self) -> Generator[Step, None, bool]:
        """Until it breaks off or ends. Whether nothing follows."""
        wishes = {"since": self._job.cursor, "follow": "true" if self._follow else ""}
        try:
            stream = self._calls.results(self._job.id, wishes)
        except Exhausted as exc:
            raise NotEnded(f"job {self._job.id} goes on, and its results cannot be had now: {exc}") from exc
        with stream:
            if stream.answer.kind == "job-not-found":
                yield from self._lost()
                self._journal.over()
                return True
            if stream.answer.status != 200:
                raise Refused(stream.answer.said)
            for page in pages(stream.lines):
                yield from self._page(page)
                if page.is_last:
                    yield from self._lost()
                    self._journal.over()
                    return True
                if self._is_over():
                    break
        return False

    def _page(self, page: Page) -> Iterator[Step]:
        if not page.cursor:
            self._look()
            return
        parts = self._ended(page)
        is_open = self._journal.state.open
        if not all(number in is_open and is_open[number].takes(ended.settled) for number, ended in parts.items()):
            raise Refused(f"job {self._job.id} tells of rows that were not sent from here, or twice of one")
        for number, ended in parts.items():
            self._demand_same(is_open[number].chunk, ended.ids)
        if not parts and page.cursor == self._job.cursor:
            return
        # Taken before: a chunk that is settled as a whole is no longer open.
        chunks = {number: is_open[number].chunk for number in parts}
        length = self._applied.keep([item for ended in parts.values() for item in ended.updated.values()])
        self._journal.settle({number: ended.settled for number, ended in parts.items()}, page.cursor, length)
        for number, ended in parts.items():
            yield Step(chunks[number], Body(b"", ended.ids), ended.failures, ended.updated)

    def _demand_same(self, chunk: Chunk, told: Mapping[int, str]) -> None:
        """Raises Refused where an id is not the one that was sent at its place."""
        if chunk.number not in self._sent_ids:
            if len(self._sent_ids) >= _MOST_CHUNKS:
                del self._sent_ids[next(iter(self._sent_ids))]
            self._sent_ids[chunk.number] = self._cutter.body(chunk).ids
        sent = self._sent_ids[chunk.number]
        for place, item_id in told.items():
            if bare(item_id) != bare(sent[place]):
                self._source.check_unchanged()
                where = f"part {chunk.number + 1}, line {place + 1}"
                raise Refused(
                    f"job {self._job.id} tells of {item_id or 'no id'} at {where}, where {sent[place]} was sent"
                )

    def _ended(self, page: Page) -> dict[int, Ended]:
        """By number of the chunk."""
        if not self._job.is_retry:
            return {number - 1: ended for number, ended in by_part(page).items()}
        if self._places is None:
            self._places = self._retried()
        return by_place(page, self._places)

    def _look(self) -> None:
        """Nothing was told for a while: say why, once."""
        answer = self._calls.show(self._job.id)
        state, why = answer.document.get("state"), answer.document.get("why")
        if state == "paused" and self._state_told != state:
            by = f" ({why})" if why else ""
            self._note(f"job {self._job.id} is paused{by}: {self._calls.typed('resume', self._job.id)}")
        self._state_told = str(state)

    def _lost(self) -> Iterator[Step]:
        """The job has told all, or is gone: what it did not tell of is unknown for good."""
        is_open = self._journal.state.open
        if not is_open:
            return
        told = {chunk.number: settled.places for chunk, settled in Told(self._journal.path).settled()}
        for number, one in list(is_open.items()):
            places = sorted(set(range(one.chunk.sent)) - told.get(number, set()))
            if not places:
                continue
            failures = [Failure(place, "no_answer", _LOST, "unknown", False) for place in places]
            ids = self._cutter.body(one.chunk).ids
            self._journal.settle({number: Settled([], failures)}, self._job.cursor)
            yield Step(one.chunk, Body(b"", {place: ids[place] for place in places}), failures, {})
