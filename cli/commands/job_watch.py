"""The progress of a job that runs at the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.commands.summary import Summary
from cli.errors import Refused
from cli.jobs.calls import LIVE, typed
from cli.outcome import Counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cli.commands.report import Report
    from cli.jobs.calls import JobCalls

_WAIT_SECONDS = 2


def watch(report: Report, calls: JobCalls, job: Mapping[str, Any], reach: Sequence[str]) -> int:
    """From ``job``, as it was looked at, to its end. The exit code.

    ``reach`` are the options that lead another command to the same gateway.
    """
    if job["state"] in LIVE:
        report.begin(f"job {job['id']}", job["counts"]["total"], counts_of(job))
    told = ""
    while job["state"] in LIVE:
        told = _say_if_paused(report, job, told, reach)
        answer = calls.show(job["id"], _WAIT_SECONDS)
        if answer.status != 200:
            raise Refused(answer.said)
        job = answer.document
        report.progress(counts_of(job))
    summary = _summary(job, reach)
    report.end(summary)
    return summary.exit_code


def counts_of(job: Mapping[str, Any]) -> Counts:
    counts = job["counts"]
    return Counts(counts["applied"], counts["failed"], counts["unknown"])


def _say_if_paused(report: Report, job: Mapping[str, Any], told: str, reach: Sequence[str]) -> str:
    """Once; whether it was told."""
    if job["state"] == "paused" and told != "paused":
        why = f" ({job['why']})" if job.get("why") else ""
        report.note(f"job {job['id']} is paused{why}: {typed('resume', job['id'], *reach)}")
    return str(job["state"])


def _summary(job: Mapping[str, Any], reach: Sequence[str]) -> Summary:
    counts, named = counts_of(job), job["id"]
    left = job["counts"]["total"] - counts.total
    advice = [f"{typed('results', named, '--failed', *reach)} > again.csv gives what failed, to be mended."] * bool(
        counts.failed
    )
    advice += [f"{typed('retry', named, *reach)} sends what was not sent."] * bool(left)
    advice += [f"{typed('results', named, '--unknown', *reach)} tells what to look at."] * bool(counts.unknown)
    return Summary(
        name=f"job {named}",
        items=job["counts"]["total"],
        counts=counts,
        codes={one["code"]: one["count"] for one in job["errors_by_code"]},
        advice=" ".join(advice),
    )
