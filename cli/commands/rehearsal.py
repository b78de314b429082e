"""``actions check``, and ``actions update --dry-run``: what would happen, without any of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from cli.check import Checked, check
from cli.chunk import Span
from cli.commands.reading import FILE, with_reading
from cli.commands.setting import runs, with_setting
from cli.cutting import ENVELOPE, Cutter
from cli.errors import Exit, counted
from cli.limits import Limits
from cli.problem import Problem, RowError
from cli.rows.csv_rows import CsvRows
from cli.rows.opening import open_input
from cli.sending import Rehearsal
from cli.update import ask_limits

if TYPE_CHECKING:
    from cli.commands.report import Report
    from cli.commands.setting import Setting
    from cli.connection import Connection
    from cli.rows.opening import Input, Reading
    from cli.rows.row import Rows

_SHOWN_TIMES = 5
_TIMES = ("effective_date", "due_date", "expires_at")


@click.command(name="check")
@click.argument("file", metavar="FILE|-", type=FILE)
@with_setting
@with_reading
@click.option("--remote", is_flag=True, help="Let the gateway check too, by a dry run; needs a login.")
@click.option("--languages", default="en,fr", show_default=True, help="Of the texts; with --remote the gateway's own.")
def check_command(setting: Setting, *, file: str, reading: Reading, remote: bool, languages: str) -> int:
    """Check the rows of FILE as the gateway would, and send nothing.

    Exit: 0 all valid, 5 not, 6 nobody answers, 2 usage.
    """
    if remote:
        return rehearse(setting, file, reading)
    kept = runs()
    source = open_input(file, reading.form, kept.spool)
    limits = Limits(languages=tuple(filter(None, languages.split(","))))
    try:
        with setting.report() as report:
            found, _ = _checked(source, replace(reading, languages=limits.languages), limits)
            return _told(report, source, found)
    finally:
        kept.tidy(source)


def rehearse(setting: Setting, file: str, reading: Reading, batch: int = 0, job: bool | None = None) -> int:
    """Check here and at the gateway, and show what an update with these wishes would send. The exit code."""
    connection, kept = setting.connect(), runs()
    source = open_input(file, reading.form, kept.spool)
    try:
        with setting.report() as report:
            limits = ask_limits(connection).at_most(batch)
            found, rows = _checked(source, replace(reading, languages=limits.languages), limits)
            if not found.total:
                requests = _ask(report, connection, rows, limits, found)
                _show_times(report, rows)
            if not found.total:
                is_job, _ = limits.as_job(found.items, job)
                how = f"as a job of {_many(requests, 'part')}" if is_job else f"in {_many(requests, 'batch')}"
                report.say(f"{_many(found.items, 'row')} would be sent {how}.")
            return _told(report, source, found)
    finally:
        kept.tidy(source)
        connection.close()


def _checked(source: Input, reading: Reading, limits: Limits) -> tuple[Checked, Rows]:
    rows = source.open(reading)
    return check(rows, limits.languages, limits.max_bytes - ENVELOPE), rows


def _told(report: Report, source: Input, found: Checked) -> int:
    if not found.total:
        report.say(f"{source.name}: {counted(found.items, 'row')} valid; nothing was sent.")
        return Exit.ALL
    report.invalid(found.errors, found.total)
    report.refused(invalid_words(found.invalid, source.name), Exit.REFUSED)
    return Exit.REFUSED


def _many(count: int, thing: str) -> str:
    return counted(count, thing).rpartition(" ")[0]


def invalid_words(rows: int, name: str) -> str:
    thing, _, verb = counted(rows, "row").rpartition(" ")
    what = "it" if rows == 1 else "them"
    return f"{thing} of {name} {verb} invalid; nothing was sent. Mend {what}, then run the same command again."


def _ask(report: Report, connection: Connection, rows: Rows, limits: Limits, found: Checked) -> int:
    """The gateway's own errors go to ``found``. How many requests there are."""

    def pause(seconds: float, why: str) -> None:
        report.waiting(seconds, why)
        time.sleep(seconds)

    rehearsal, cutter = Rehearsal(connection, pause), Cutter(rows, time.time)
    span, number = Span(rows.start, None, 0, rows.first_line), 0
    while (cut := cutter.cut(number, span, limits)) is not None:
        chunk, body = cut
        lines = [row.line for row in rows.read(chunk.start, chunk.end, chunk.line)]
        for failure in rehearsal.failures(body):
            label = f"{rows.label} {lines[failure.place]}"
            found.add([RowError(label, Problem("", failure.code, failure.detail))])
        span = Span(chunk.end, None, chunk.first + chunk.count, chunk.next_line)
        number += 1
    return number


def _show_times(report: Report, rows: Rows) -> None:
    """The first times that were converted, beside what they became."""
    if not isinstance(rows, CsvRows):
        return
    shown = 0
    for row in rows.read(rows.start, None, rows.first_line):
        for column, cell in zip(rows.columns, row.cells, strict=False):
            if column.name in _TIMES and cell and (value := row.item.get(column.name)) not in {cell, None}:
                report.say(f"{rows.label} {row.line}, {column.name}: {cell} is {value} in UTC")
                shown += 1
        if shown >= _SHOWN_TIMES:
            return
