"""The rows of a job in the form that they were sent in, from the file that the run of it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.errors import ActionsError, Refused
from cli.jobs.results import bare, failure_of
from cli.leavings import row_writer
from cli.rows.opening import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from cli.jobs.calls import JobCalls
    from cli.jobs.results import Page
    from cli.outcome import Failure
    from cli.rows.opening import Input
    from cli.runs import Known, Runs

_MOST_RETRIES = 100


@dataclass(frozen=True, slots=True)
class JobRows:
    source: Input
    reading: Reading

    def write(self, pages: Iterator[Page], file: TextIO) -> None:
        """The rows that ``pages`` name as not applied, with all their columns and why."""
        failures = dict(_failures(pages))
        rows = self.source.open(self.reading)
        writer = row_writer(rows, file)
        for row in rows.read(rows.start, None, rows.first_line):
            failure = failures.get(bare(str(row.item.get("actionId", ""))))
            if failure is not None:
                writer.write(row, failure)


def again(calls: JobCalls, kept: Runs, job: str) -> JobRows | None:
    """None where the rows were not sent from here, or are gone. Raises Refused where the file was changed since."""
    known = _run_of(calls, kept, job)
    if known is None:
        return None
    header = known.header
    try:
        source = kept.source(header)
    except ActionsError:
        return None
    if source.sha256 != header.sha256:
        raise Refused(f"{source.name} was changed since it was sent; put it back, or read the results with --json")
    return JobRows(source, Reading.restored(header.reading))


def _run_of(calls: JobCalls, kept: Runs, job: str) -> Known | None:
    """A retry's rows are those of the job that it retries."""
    by_job = {known.state.job.id: known for known in kept.known() if known.state.job is not None}
    for _ in range(_MOST_RETRIES):
        if job in by_job or not by_job:
            break
        job = str(calls.show(job).document.get("retry_of") or "")
        if not job:
            break
    return by_job.get(job)


def _failures(pages: Iterator[Page]) -> Iterator[tuple[str, Failure]]:
    for page in pages:
        for line in page.lines:
            failure = failure_of(0, line)
            if failure is not None:
                yield bare(str(line.get("actionId", ""))), failure
