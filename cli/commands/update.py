"""``actions update``."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from cli.commands.duration import DURATION
from cli.commands.reading import FILE, FOLDER, said_again, with_reading
from cli.commands.rehearsal import invalid_words, rehearse
from cli.commands.setting import runs, with_setting
from cli.commands.summary import Summary, codes_of
from cli.errors import ActionsError, InvalidInput, Unwritable
from cli.leavings import FAILED, UNKNOWN, place_beside, write
from cli.rows.opening import open_input
from cli.update import Updates, Wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cli.commands.report import Report
    from cli.commands.setting import Setting
    from cli.rows.opening import Input, Reading
    from cli.runs import Runs
    from cli.update import Update


# From here on a check takes seconds.
_LARGE_BYTES = 16 * 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to send, and how to leave it. ``output`` is a folder; empty: beside the input."""

    source: Input
    reading: Reading
    wishes: Wishes
    output: str = ""
    ok_if_partial: bool = False

    def place(self, kind: str) -> Path:
        ending = "csv" if self.source.form == "csv" else "ndjson"
        return place_beside(self.source.name, self.output, kind, ending)


@click.command()
@click.argument("file", metavar="FILE|-", type=FILE)
@with_setting
@with_reading
@click.option("--batch", type=click.IntRange(1), default=None, metavar="N", help="At most so many rows in one request.")
@click.option("--restart", is_flag=True, help="Forget what was sent of this file, and send all of it.")
@click.option("--dry-run", is_flag=True, help="Check, show what would be sent, and send nothing.")
@click.option(
    "--deadline",
    type=DURATION,
    default=None,
    help="Begin no more after so long, such as 90s or 10m; the same command goes on.",
)
@click.option("--sync", "mode", flag_value="sync", default=None, help="In batches, whatever the size.")
@click.option(
    "--async",
    "mode",
    flag_value="async",
    help="As a job, whatever the size, and return once it is started; the same command fetches its outcome.",
)
@click.option("--applied", is_flag=True, help="Keep FILE.applied.ndjson: what was applied, as the core has it now.")
@click.option(
    "--output-dir",
    default="",
    metavar="FOLDER",
    type=FOLDER,
    help="Where FILE.failed and the others go; else beside FILE.",
)
@click.option("--ok-if-partial", is_flag=True, help="Exit 0 where some rows were applied and some not.")
def update(
    setting: Setting,
    *,
    file: str,
    reading: Reading,
    batch: int | None,
    restart: bool,
    dry_run: bool,
    deadline: float | None,
    mode: str | None,
    applied: bool,
    output_dir: str,
    ok_if_partial: bool,
) -> int:
    """Send the updates of FILE: CSV, NDJSON or JSON, gzipped or not; - is standard input.

    Every row is checked before anything is sent. Columns of CSV: actionId, category_action, type_action, status,
    title.en, title.fr and so for subtitle and details, partner_ids (separated by |), effective_date, due_date,
    expires_at. An empty cell changes nothing.

    More than 2,000 rows go as a job, which runs at the gateway on its own; fewer go in batches.
    Stopped by anything, the same command goes on where it was. Rows that were not applied are left in FILE.failed.csv,
    with all their columns and the reason; mend that file and send it.

    Exit: 0 all applied, 3 some, 4 none, 5 to be mended, 6 to be tried later, 130 interrupted, 1 a fault of actions, 2 usage.
    """
    job = {"sync": False, "async": True}.get(mode or "")
    if dry_run:
        return rehearse(setting, file, reading, batch or 0, job)
    kept, source = _opened(setting, file, reading)
    over = _over_after(deadline)
    task = Task(
        source=source,
        reading=reading,
        wishes=Wishes(
            restart=restart,
            batch=batch or 0,
            is_over=over,
            job=job,
            follow=mode != "async",
        ),
        output=output_dir,
        ok_if_partial=ok_if_partial,
    )
    if applied:
        task = replace(task, wishes=replace(task.wishes, applied=place_beside(file, task.output, "applied", "ndjson")))
    return run_task(setting, kept, task)


def _opened(setting: Setting, file: str, reading: Reading) -> tuple[Runs, Input]:
    setting.access()  # whoever is not logged in is told before a large file is read
    kept = runs()
    return kept, open_input(file, reading.form, kept.spool)


def _over_after(seconds: float | None) -> Callable[[], bool]:
    ends_at = None if seconds is None else time.monotonic() + seconds
    return lambda: ends_at is not None and time.monotonic() >= ends_at


def run_task(setting: Setting, kept: Runs, task: Task) -> int:
    connection = setting.connect()
    with setting.report() as report:

        def pause(seconds: float, why: str) -> None:
            report.waiting(seconds, why)
            time.sleep(seconds)

        if task.source.size >= _LARGE_BYTES:
            report.note(f"{task.source.name}: checking {task.source.size / 1_048_576:,.0f} MiB")
        try:
            updates = Updates(connection, kept, pause, note=report.note, uploaded=report.uploaded)
            with updates.open(task.source, task.reading, task.wishes) as opened:
                summary = _send(report, opened, task, setting.said_again)
                report.end(summary)
                return summary.exit_code
        except InvalidInput as exc:
            report.invalid(exc.errors, exc.total)
            report.refused(invalid_words(exc.rows, task.source.name), exc.exit_code)
            return exc.exit_code
        except ActionsError as exc:
            report.refused(str(exc), exc.exit_code)
            return exc.exit_code
        finally:
            kept.tidy(task.source)
            connection.close()


def _send(report: Report, opened: Update, task: Task, reach: Sequence[str]) -> Summary:
    """``reach`` are the options that lead another command to the same gateway."""
    ended = opened.journal.state.ended
    stopped: ActionsError | str | None = None
    if not ended:
        report.begin(task.source.name, opened.items, opened.earlier)
        stopped = _steps(report, opened)
    files = {}
    # A run that ended before it could write them does so when it is asked again.
    if not opened.journal.state.is_left and stopped != "interrupted":
        try:
            files = write(opened.rows, opened.journal, {kind: task.place(kind) for kind in (FAILED, UNKNOWN)})
        except Unwritable as exc:
            stopped = stopped or exc
    job = opened.journal.state.job
    if stopped is None and not opened.run.is_ended:
        stopped = "deadline" if task.wishes.is_over() else stopped
        stopped = "job" if job is not None and not job.over and not task.wishes.follow else stopped
    codes, again = codes_of(opened.journal)
    return Summary(
        name=task.source.name,
        items=opened.items,
        counts=opened.counts,
        again=again,
        codes=codes,
        files=files,
        stopped=stopped,
        was_ended=time.strftime("%Y-%m-%d %H:%M", time.localtime(ended)) if ended else "",
        ok_if_partial=task.ok_if_partial,
        job=job.id if job is not None and job.started else "",
        reach=reach,
        options=said_again(task.reading),
    )


def _steps(report: Report, opened: Update) -> ActionsError | str | None:
    """Why it stopped before its end, if it did."""
    try:
        for _ in opened.run.steps():
            report.progress(opened.counts)
    except KeyboardInterrupt:
        return "interrupted"
    except InvalidInput:
        raise
    except ActionsError as exc:
        return exc
    return None
