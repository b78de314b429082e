"""The progress of a job that runs at the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.commands.summary import Summary
from cli.errors import Refused
from cli.jobs.calls import LIVE
from cli.outcome import Counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.commands.report import Report
    from cli.jobs.calls import JobCalls

_WAIT_SECONDS = 2


def watch(report: Report, calls: JobCalls, job: Mapping[str, Any]) -> int:
    """From ``job``, as it was looked at, to its end. The exit code."""
    if job["state"] in LIVE:
        report.begin(f"job {job['id']}", job["counts"]["total"], counts_of(job))
    told = ""
    while job["state"] in LIVE:
        told = _say_if_paused(report, job, told)
        answer = calls.show(job["id"], _WAIT_SECONDS)
        if answer.status != 200:
            raise Refused(answer.said)
        job = answer.document
        report.progress(counts_of(job))
    summary = _summary(job)
    report.end(summary)
    return summary.exit_code


def counts_of(job: Mapping[str, Any]) -> Counts:
    counts = job["counts"]
    return Counts(counts["applied"], counts["failed"], counts["unknown"])


def _say_if_paused(report: Report, job: Mapping[str, Any], told: str) -> str:
    """Once; whether it was told."""
    if job["state"] == "paused" and told != "paused":
        why = f" ({job['why']})" if job.get("why") else ""
        report.note(f"job {job['id']} is paused{why}: actions jobs resume {job['id']}")
    return str(job["state"])


def _summary(job: Mapping[str, Any]) -> Summary:
    counts, named = counts_of(job), job["id"]
    left = job["counts"]["total"] - counts.total
    advice = [f"actions jobs results {named} --failed > again.csv gives what failed, to be mended."] * bool(
        counts.failed
    )
    advice += [f"actions jobs retry {named} sends what was not sent."] * bool(left)
    advice += [f"actions jobs results {named} --unknown tells what to look at."] * bool(counts.unknown)
    return Summary(
        name=f"job {named}",
        items=job["counts"]["total"],
        counts=counts,
        codes={one["code"]: one["count"] for one in job["errors_by_code"]},
        advice=" ".join(advice),
    )
