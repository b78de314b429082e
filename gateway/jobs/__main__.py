"""``python -m gateway.jobs``: run chunks of jobs until told to stop, or look after jobs.

Exit codes: 0 done · 1 it cannot be done (one line on stderr says why) · 2 wrong usage.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import os
import sys
import time
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from gateway import compiled
from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.api.routes import RESOURCES
from gateway.ending import refuse, run_to_its_end
from gateway.jobs.availability import carries_no_job
from gateway.jobs.errors import JobNotFound, WrongState
from gateway.settings import SettingsError, load, load_kept
from gateway.settings.effective import in_force, unknown_in
from gateway.telemetry.logs.format import configure
from gateway.wiring.job_dispatch import job_runner, processes, told_together, unfit
from gateway.wiring.jobs import CHUNK_SECONDS, job_stores, kept_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.jobs.job import Job
    from gateway.jobs.store import JobStore
    from gateway.settings import Settings
    from gateway.wiring.jobs import JobStores

_log = logging.getLogger("gateway.jobs")
_PAGE = 100
_STANDS_SECONDS = 60.0
_OF_TIMES = ("_at", "_since")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = load() if options.command is None else load_kept()
    except SettingsError as exc:
        print(exc.report(), file=sys.stderr)
        return 1
    if options.command is None:
        return _work(settings)
    return run_to_its_end(lambda: _look_after(settings, options))


def _work(settings: Settings) -> int:
    configure(settings.service.log_format, settings.service.log_level)
    if problem := compiled.refusal() or carries_no_job(settings.core.core_auth):
        print(f"gateway: jobs: {problem}", file=sys.stderr)
        return 1
    with closing(job_stores(settings)) as stores:
        return _work_on(settings, stores)


def _work_on(settings: Settings, stores: JobStores) -> int:
    if problem := stores.unfit() or unfit(settings):
        print(f"gateway: jobs: {problem}", file=sys.stderr)
        return 1
    _log.info("job_worker_starting", extra=in_force(settings))
    for fields in unknown_in(os.environ):
        _log.warning("setting_unknown", extra=fields)
    if risk := stores.risk():
        _log.warning("job_store_risk", extra={"reason": risk})
    try:
        run = job_runner(settings, stores, RESOURCES)
    except SettingsError as exc:
        print(exc.report(), file=sys.stderr)
        return 1
    told = {
        "dispatch": settings.jobs.job_dispatch,
        "processes": processes(settings),
        "concurrency": settings.jobs.job_core_concurrency,
        "seconds": CHUNK_SECONDS,
        **told_together(settings, stores),
    }
    _log.info("job_worker_started", extra=told)
    run()
    _log.info("job_worker_ended")
    return 0


def _look_after(settings: Settings, options: argparse.Namespace) -> int:
    command: Callable[[JobStore, argparse.Namespace], str] = options.command
    # A shell without the service's settings looks into another store, which is best seen by its name.
    place = kept_in(settings)
    try:
        with closing(job_stores(settings)) as stores:
            if lacking := command(stores.jobs, options):
                print(f"{lacking} in {place}", file=sys.stderr)
    except JobNotFound:
        return refuse(f"no job {options.id} in {place}")
    except WrongState as exc:
        return refuse(f"the job is {exc.state}; it must be one of: {', '.join(exc.allowed)}")
    except StoreUnavailable as exc:
        return refuse(f"the store of jobs cannot be had: {exc.reason}")
    return 0


# Each gives what was looked for and not found, or nothing.
def _list(jobs: JobStore, options: argparse.Namespace) -> str:
    found = _all(jobs, options.principal)
    for job in found:
        counts = job.counts
        unknown = f"  {counts.unknown} unknown" if counts.unknown else ""
        told = f"{job.id}  {job.state:<10}  {counts.settled}/{counts.total}  {counts.failed} failed{unknown}"
        print(f"{told}  {job.principal}{_standing(job, time.time())}")
    return "" if found else _none("jobs", options.principal)


def _none(jobs: str, principal: str | None) -> str:
    return f"no {jobs} of {principal}" if principal else f"no {jobs}"


def _standing(job: Job, now: float) -> str:
    """Where a job might run, and nothing of it was settled for a minute."""
    seconds = 0.0 if job.without_progress_since is None else now - job.without_progress_since
    return f"  no progress for {seconds / 60:.0f} min" if seconds >= _STANDS_SECONDS else ""


def _show(jobs: JobStore, options: argparse.Namespace) -> str:
    told = asdict(jobs.get(None, options.id))
    told |= {name: _time(told[name]) for name in told if name.endswith(_OF_TIMES)}
    print(json.dumps(told, indent=2))
    return ""


def _time(seconds: float | None) -> str | None:
    """In UTC, as partners see it."""
    if seconds is None:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _pause(jobs: JobStore, options: argparse.Namespace) -> str:
    print(jobs.pause(None, options.id, "operator").state)
    return ""


def _resume(jobs: JobStore, options: argparse.Namespace) -> str:
    print(jobs.resume(None, options.id).state)
    return ""


def _cancel(jobs: JobStore, options: argparse.Namespace) -> str:
    ids = [options.id] if options.id else [job.id for job in _all(jobs, options.principal) if job.is_live]
    for job_id in ids:
        print(job_id, jobs.cancel(None, job_id, "operator").state)
    return "" if ids else _none("live jobs", options.principal)


def _all(jobs: JobStore, principal: str | None) -> list[Job]:
    found: list[Job] = []
    before = ""
    while True:
        page = jobs.jobs(principal, most=_PAGE, before=before)
        found += page.jobs
        if not page.before:
            return found
        before = page.before


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway.jobs", description=__doc__.partition("\n")[0])
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(
        metavar="COMMAND", title="without a command it runs chunks; with one it looks after jobs"
    )
    listing = commands.add_parser("list", help="all jobs, newest first")
    listing.add_argument("--principal", help="of this principal alone")
    listing.set_defaults(command=_list)
    for name, command, text in (
        ("show", _show, "one job as JSON"),
        ("pause", _pause, "let a job send nothing more until it is resumed"),
        ("resume", _resume, "let a paused job go on"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("id", help="of the job")
        one.set_defaults(command=command)
    cancel = commands.add_parser("cancel", help="end a job, or all live jobs of a principal")
    which = cancel.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", help="of the job")
    which.add_argument("--principal", help="whose live jobs are all cancelled")
    cancel.set_defaults(command=_cancel)
    return parser


if __name__ == "__main__":
    sys.exit(main())
