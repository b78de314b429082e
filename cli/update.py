"""One input on its way to one gateway: checked, journalled, and ready to be sent step by step."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli.check import Checked, check
from cli.connection import ACTIONS
from cli.cutting import ENVELOPE, Cutter
from cli.errors import NoAnswer, NotAllowed, Refused, Usage
from cli.jobs.calls import JobCalls
from cli.jobs.run import JobRun
from cli.jobs.upload import Upload
from cli.leavings import Applied, NothingKept
from cli.limits import Limits
from cli.rows.opening import Reading
from cli.run import Run
from cli.sending import ATTEMPTS, Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.connection import Answer, Connection
    from cli.journal import Journal
    from cli.outcome import Counts
    from cli.rows.opening import Input
    from cli.rows.row import Rows
    from cli.run import KeepsApplied
    from cli.runs import Known, Runs

_NO_SUCH_PAGE = 404
_PASSING = frozenset({0, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What may be asked of an update.

    ``restart`` forgets what was sent of this input. ``batch`` is the most items of one request; 0: as many as allowed.
    ``applied`` is where the applied items are kept; None: nowhere.
    ``job``: as one, or in batches; None: as a job above JOB_ITEMS. What was begun goes on as it was begun.
    ``follow`` a job to its end; else its start is enough, and what is known by now.
    """

    restart: bool = False
    batch: int = 0
    applied: Path | None = None
    is_over: Callable[[], bool] = lambda: False
    job: bool | None = None
    follow: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """``run`` has the steps that are left; ``journal`` tells what was done. ``earlier`` are the counts at the start."""

    source: Input
    rows: Rows
    journal: Journal
    run: Run | JobRun
    earlier: Counts

    @property
    def items(self) -> int:
        return self.journal.header.items

    @property
    def counts(self) -> Counts:
        """How all that was sent stands; what is open counts as its last answer says."""
        state = self.journal.state
        return state.counts.plus(state.unsettled)


class Updates:
    """``pause`` waits so many seconds, and is told why. ``checked`` is told how the check went, before it refuses.

    ``note`` is told what people want to know of a job, and ``uploaded`` how many rows of it the gateway has.
    """

    def __init__(
        self,
        connection: Connection,
        runs: Runs,
        pause: Callable[[float, str], None],
        checked: Callable[[Checked], None] = lambda _: None,
        note: Callable[[str], None] = lambda _: None,
        uploaded: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._runs = runs
        self._pause = pause
        self._checked = checked
        self._note = note
        self._uploaded = uploaded

    def limits(self) -> Limits:
        """Those of the gateway, or the usual ones of a gateway that tells none. Raises Refused."""
        return ask_limits(self._connection, self._pause)

    @contextmanager
    def open(self, source: Input, reading: Reading, wishes: Wishes) -> Iterator[Update]:
        """Raises Refused before anything is sent: InvalidInput, InUse, or an input that was changed."""
        known = None if wishes.restart else self._runs.of(source, self._connection.url)
        limits = Limits() if known is not None and known.is_ended else self._within(wishes)
        rows = source.open(self._reading(reading, known, limits))
        with self._journal(source, reading, rows, known, limits, wishes) as journal:
            keep = _keep(journal, wishes.applied)
            try:
                run = self._run(source, rows, journal, limits, keep, wishes)
                state = journal.state
                earlier = state.counts.plus(state.unsettled)
                yield Update(source=source, rows=rows, journal=journal, run=run, earlier=earlier)
            finally:
                keep.close()

    def _run(
        self, source: Input, rows: Rows, journal: Journal, limits: Limits, keep: KeepsApplied, wishes: Wishes
    ) -> Run | JobRun:
        cutter, over = Cutter(rows, time.time), wishes.is_over
        plain = Run(source, journal, cutter, Sender(self._connection, self._pause), limits, keep, time.time, over)
        if not self._is_job(journal, limits, wishes):
            return plain
        calls = JobCalls(self._connection, self._pause)
        upload = Upload(source, rows, journal, cutter, calls, limits, self._note, self._uploaded, over)
        return JobRun(
            source,
            journal,
            cutter,
            upload,
            calls,
            plain,
            keep,
            time.time,
            self._note,
            follow=wishes.follow,
            is_over=over,
        )

    def _is_job(self, journal: Journal, limits: Limits, wishes: Wishes) -> bool:
        state, items = journal.state, journal.header.items
        if state.job is not None or state.next_number or state.ended:
            return state.job is not None
        is_job, why = limits.as_job(items, wishes.job)
        if why:
            self._note(f"{why}; sending batches instead")
        return is_job

    def _within(self, wishes: Wishes) -> Limits:
        return self.limits().at_most(wishes.batch)

    @staticmethod
    def _reading(reading: Reading, known: Known | None, limits: Limits) -> Reading:
        """In the languages of the run that was begun, so that every body stays what it was."""
        languages = Reading.restored(known.header.reading).languages if known else limits.languages
        return replace(reading, languages=languages)

    def _journal(
        self, source: Input, reading: Reading, rows: Rows, known: Known | None, limits: Limits, wishes: Wishes
    ) -> Journal:
        saved = replace(reading, languages=limits.languages).saved(source.form)
        if known is not None:
            caller = known.header.caller if known.is_ended else self._connection.caller()
            return self._runs.resume(known, rows, saved, caller)
        if wishes.restart:
            self._cancel_jobs(source)
            self._runs.forget_others(source, self._connection.url)
        self._runs.demand_same(source, self._connection.url)
        found = check(rows, limits.languages, limits.max_bytes - ENVELOPE)
        self._checked(found)
        found.demand_valid()
        source.check_unchanged()
        caller = self._connection.caller()
        return self._runs.begin(
            source, self._connection.url, rows, saved, found.items, caller=caller, applied=wishes.applied
        )

    def _cancel_jobs(self, source: Input) -> None:
        """Of the runs that are given up, so that no two send the same rows at once."""
        calls, same = JobCalls(self._connection, self._pause), self._runs.given_up(source, self._connection.url)
        for known in [*([same] if same else []), *self._runs.others(source, self._connection.url)]:
            if known.state.job is not None and known.state.job.id and not known.is_ended:
                calls.cancel(known.state.job.id)
                self._note(f"job {known.state.job.id} is cancelled; what it had sent stays applied")


def ask_limits(connection: Connection, pause: Callable[[float, str], None] | None = None) -> Limits:
    """Raises Refused, for the reason that a batch would be refused for, and NoAnswer where nobody answers.

    With ``pause`` it is as patient as a batch.
    """
    answer = _limits_answer(connection, pause)
    if answer.status == 200 and isinstance(told := answer.document.get("actions"), dict):
        return Limits.told(told).bounded()
    if answer.status == _NO_SUCH_PAGE and answer.kind == "no-such-page":
        _demand_gateway(connection)
        return Limits()
    if answer.status in {401, 403} and answer.kind:
        raise NotAllowed(f"{answer.said}. {connection.log_in}")
    if answer.status == 0:
        error = Refused if answer.is_untrusted else NoAnswer
        raise error(f"{answer.said}; nothing was sent")
    if answer.status >= 500 or answer.status == 429:
        # Batches are repeated until it has recovered; the usual limits will do.
        return Limits()
    raise Refused(f"{connection.url} is no gateway for actions: {answer.said}")


def _demand_gateway(connection: Connection) -> None:
    """Of one that tells no limits. Raises Refused for an address under which no batch can be sent."""
    answer = connection.update(b'{"data":[]}', dry_run=True)
    if answer.kind == "no-such-page":
        raise Refused(f"{connection.url} is no gateway for actions; its address is what stands before {ACTIONS}")


def _limits_answer(connection: Connection, pause: Callable[[float, str], None] | None) -> Answer:
    answer = connection.limits()
    if answer.status == 401 and connection.renew():
        answer = connection.limits()
    for attempt in range(1, ATTEMPTS):
        if pause is None or answer.status not in _PASSING:
            break
        pause(answer.retry_after or 0.5 * 2**attempt, answer.said)
        answer = connection.limits()
    return answer


def _keep(journal: Journal, path: Path | None) -> Applied | NothingKept:
    """As the run was begun. Raises Usage where a run that was begun without such a file cannot have a whole one."""
    header, state = journal.header, journal.state
    if path is not None and not header.applied:
        raise Usage(
            "the run was begun without --applied, so that its file would lack rows; go on without it, or --restart"
        )
    if not header.applied or state.ended:
        return NothingKept()
    return Applied(Path(header.applied), state.applied_bytes or 0)
