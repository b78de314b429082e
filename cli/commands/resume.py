"""``actions resume``."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.commands.reading import FOLDER
from cli.commands.setting import runs, with_setting
from cli.commands.update import Task, run_task
from cli.errors import Usage
from cli.jobs.calls import typed
from cli.rows.opening import STDIN, Reading
from cli.update import Wishes

if TYPE_CHECKING:
    from cli.commands.setting import Setting
    from cli.runs import Known


@click.command()
@click.argument("run", required=False)
@with_setting
@click.option("--list", "only_list", is_flag=True, help="Show the runs that are not ended, and send nothing.")
@click.option(
    "--output-dir",
    default="",
    metavar="FOLDER",
    type=FOLDER,
    help="Where FILE.failed and the others go; else beside FILE.",
)
@click.option("--forget", is_flag=True, help="Give RUN up: what was not sent stays unsent.")
def resume(setting: Setting, *, run: str | None, only_list: bool, output_dir: str, forget: bool) -> int:
    """Go on with a run that was stopped: RUN is its id or file; it may be left out where there is but one."""
    kept = runs()
    unfinished = [known for known in kept.known() if not known.is_ended]
    if only_list or not unfinished:
        for known in unfinished:
            click.echo(_row(known))
        if not unfinished:
            click.echo("Nothing to go on with: every run is ended.", err=True)
        return 0
    known = _chosen(unfinished, run)
    at = replace(setting, asked=replace(setting.asked, url=known.header.target))
    if forget:
        kept.forget(known)
        click.echo(f"Forgot {_row(known)}", err=True)
        if known.state.job is not None and known.state.job.started:
            click.echo(f"Its job goes on; {typed('cancel', known.state.job.id, *at.said_again)} stops it.", err=True)
        return 0
    header, reading = known.header, Reading.restored(known.header.reading)
    source = kept.source(header)
    return run_task(at, kept, Task(source=source, reading=reading, wishes=Wishes(), output=output_dir))


def _row(known: Known) -> str:
    header, counts = known.header, known.state.counts.plus(known.state.unsettled)
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(header.begun))
    name = "standard input" if header.path == STDIN else header.path
    job = f" as job {known.state.job.id}" if known.state.job is not None and known.state.job.id else ""
    return f"{known.id}  {began}  {counts.total:,} of {header.items:,} rows sent  {name}  to {header.target}{job}"


def _chosen(unfinished: list[Known], wanted: str | None) -> Known:
    found = [
        known
        for known in unfinished
        if wanted is None or wanted == known.id or str(Path(wanted).absolute()) == known.header.path
    ]
    if not found:
        raise Usage(f"no run {wanted!r} is left to go on with; actions resume --list shows those that are")
    if len(found) > 1:
        listed = "\n".join(map(_row, found))
        raise Usage(f"which one? Name its id:\n{listed}")
    return found[0]
