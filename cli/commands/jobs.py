"""``actions jobs``: what the gateway runs for you, and what became of it."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from cli.commands.job_rows import again
from cli.commands.job_watch import counts_of, watch
from cli.commands.setting import runs, with_setting
from cli.errors import Exhausted, NoAnswer, Refused
from cli.jobs import results as job_results
from cli.jobs.calls import LIVE, JobCalls, typed
from cli.sending import pause_quietly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cli.commands.setting import Setting
    from cli.connection import Answer

_OK = frozenset({200, 202, 204})
_OF_A_JOB = frozenset({"id", "state", "label", "parts", "counts", "created_at", "errors_by_code"})
_OUTCOMES = ("applied", "failed", "unknown", "unprocessed")


class _ListByDefault(click.Group):
    """Options without a command are those of ``list``."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        is_named = bool(args) and (not args[0].startswith("-") or args[0] in context.help_option_names)
        # A shell that completes wants the commands.
        named = args if is_named or context.resilient_parsing else ["list", *args]
        return super().parse_args(context, named)


@click.group(cls=_ListByDefault)
def jobs() -> None:
    """Show and steer what the gateway runs in the background. Without a command: list them."""


@jobs.command("list")
@with_setting
def list_jobs(setting: Setting) -> int:
    """Your jobs, newest first: id, state, counts, when, label."""
    with _calls(setting) as calls:
        before, count = "", 0
        while True:
            page = _told(calls.list(before))
            for job in page["data"]:
                count += 1
                click.echo(json.dumps(job, ensure_ascii=False) if setting.json_lines else _row(job))
            before = str(page.get("before", ""))
            if not before:
                break
    if not count:
        click.echo("You have no jobs.", err=True)
    return 0


@jobs.command()
@click.argument("job", metavar="ID")
@with_setting
@click.option("--watch", "watched", is_flag=True, help="Follow it to its end, with its progress.")
def show(setting: Setting, *, job: str, watched: bool) -> int:
    """How a job stands. With --watch the exit code is that of actions update."""
    with _calls(setting) as calls:
        found = _told(calls.show(job))
        if watched:
            with setting.report() as report:
                return watch(report, calls, found, setting.said_again)
        if setting.json_lines:
            click.echo(json.dumps(found, ensure_ascii=False))
        else:
            for name, value in _facts(found):
                click.echo(f"{name:<11} {value}")
    return 0


@jobs.command()
@click.argument("job", metavar="ID")
@with_setting
@click.option("--applied", "outcome", flag_value="applied", default=None, help="Only what was applied.")
@click.option("--failed", "outcome", flag_value="failed", help="Only what was not applied: input again.")
@click.option("--unknown", "outcome", flag_value="unknown", help="Only what may have been applied.")
@click.option("--unprocessed", "outcome", flag_value="unprocessed", help="Only what was not sent on: input again.")
def results(setting: Setting, *, job: str, outcome: str | None) -> int:
    """What became of each row, on standard output.

    With --failed, --unknown or --unprocessed and the file that was sent from here: its rows with all their columns and
    the reason, as actions update takes them. Otherwise JSON, one object a line.
    """
    with _calls(setting) as calls:
        pages = job_results.now(calls, job, outcome or "")
        if outcome not in (None, "applied") and not setting.json_lines:
            found = again(calls, runs(), job)
            if found is not None:
                found.write(pages, sys.stdout)
                return 0
            click.echo("The file of this job was not sent from here, so its rows are told by their ids.", err=True)
        for page in pages:
            for line in page.lines:
                click.echo(json.dumps(line, ensure_ascii=False))
    return 0


@jobs.command()
@click.argument("job", metavar="ID")
@with_setting
def cancel(setting: Setting, *, job: str) -> int:
    """Stop a job for good. What it had sent stays applied; what it had not is told as unprocessed."""
    with _calls(setting) as calls:
        found = _told(calls.show(job))
        if found["state"] not in LIVE:
            # Asked to end, an ended one is removed with its results.
            raise Refused(f"job {job} has ended: it {_state(found)}")
        _say(setting, _told(calls.end(job)))
    return 0


@jobs.command()
@click.argument("job", metavar="ID")
@with_setting
def pause(setting: Setting, *, job: str) -> int:
    """Let a job begin no more until it is resumed."""
    return _change(setting, job, "pause")


@jobs.command()
@click.argument("job", metavar="ID")
@with_setting
def resume(setting: Setting, *, job: str) -> int:
    """Let a paused job go on."""
    return _change(setting, job, "resume")


@jobs.command()
@click.argument("job", metavar="ID")
@with_setting
def retry(setting: Setting, *, job: str) -> int:
    """Send what failed and can still succeed, and what was not sent, as another job."""
    return _change(setting, job, "retry")


def _change(setting: Setting, job: str, how: str) -> int:
    with _calls(setting) as calls:
        _say(setting, _told(calls.change(job, how)))
    return 0


@contextmanager
def _calls(setting: Setting) -> Iterator[JobCalls]:
    connection = setting.connect()
    try:
        yield JobCalls(connection, pause_quietly)
    except Exhausted as exc:
        raise NoAnswer(str(exc)) from exc
    finally:
        connection.close()


def _told(answer: Answer) -> Mapping[str, Any]:
    """Raises Refused."""
    if answer.status not in _OK:
        raise Refused(answer.said)
    document = answer.document
    shown = document.get("data") if "data" in document else [document]
    if not isinstance(shown, list) or not all(map(_is_job, shown)):
        raise Refused(f"the answer, of status {answer.status}, is not that of a gateway: it tells of no job")
    return document


def _is_job(shown: object) -> bool:
    if not isinstance(shown, dict) or not shown.keys() >= _OF_A_JOB:
        return False
    counts = shown["counts"]
    numbers = [counts.get(name) for name in ("total", *_OUTCOMES)] if isinstance(counts, dict) else [None]
    return all(type(number) is int for number in numbers) and isinstance(shown["errors_by_code"], list)


def _say(setting: Setting, job: Mapping[str, Any]) -> None:
    if setting.json_lines:
        click.echo(json.dumps(job, ensure_ascii=False))
    else:
        of = (
            f", which retries {_many(job['counts']['total'], 'row')} of {job['retry_of']},"
            if job.get("retry_of")
            else ""
        )
        if job["state"] in LIVE:
            more = f"{typed('show', job['id'], '--watch', *setting.said_again)} shows how it goes."
        else:
            more = f"{typed('results', job['id'], *setting.said_again)} shows what became of each row."
        click.echo(f"Job {job['id']}{of} {_state(job)}. {more}")


def _state(job: Mapping[str, Any]) -> str:
    why = f" ({job['why']})" if job.get("why") else ""
    return f"is {job['state']}{why}"


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _row(job: Mapping[str, Any]) -> str:
    counts = counts_of(job)
    more = f", {counts.failed:,} failed" if counts.failed else ""
    more += f", {counts.unknown:,} unknown" if counts.unknown else ""
    done = f"{counts.total:,} of {job['counts']['total']:,} rows done{more}"
    return f"{job['id']}  {job['state']:<10}  {done}  {job['created_at']}  {job['label']}".rstrip()


def _facts(job: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    counts = job["counts"]
    yield "job", f"{job['id']} {job['label']}".rstrip()
    yield "state", f"{job['state']}{' (' + job['why'] + ')' if job.get('why') else ''}"
    yield "rows", f"{counts['total']:,} in {_many(job['parts'], 'part')}"
    yield "outcomes", ", ".join(f"{counts[name]:,} {name}" for name in _OUTCOMES)
    if job["state"] in LIVE and job.get("estimated_end_at"):
        yield "ends", f"about {job['estimated_end_at']}, at {job['rate']:,.0f} rows a second"
    for one in job["errors_by_code"]:
        yield "", f"{one['count']:,} {one['code']}, such as: {one['sample']}"
    yield from ((name, job[f"{name}_at"]) for name in ("created", "ended", "expires") if job.get(f"{name}_at"))
    if job.get("retry_of"):
        yield "retry of", job["retry_of"]
