"""Values that are valid by the contract, and that cores lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.core.check.answers import described, trouble
from gateway.core.check.finding import Finding, worst
from gateway.core.check.writes import NoWritesLeft

if TYPE_CHECKING:
    from gateway.core.check.finding import Verdict
    from gateway.core.check.item_field import Sample
    from gateway.core.check.trial import Trial


def probe(trial: Trial) -> Finding:
    verdicts: list[Verdict] = []
    told: list[str] = []
    evidence: list[str] = []
    try:
        for sample in trial.field.samples():
            verdict, what, seen = _kept(trial, sample)
            verdicts.append(verdict)
            told += [what] if verdict != "pass" else []
            evidence.append(f"{sample.name}: {seen}")
    except NoWritesLeft:
        evidence.append("the others were not tried: the bound of writes is reached")
    kept = f"{len(verdicts)} kinds of values come back as they were sent"
    return Finding(verdict=worst(*verdicts), told="; ".join(told) or kept, evidence=evidence)


def _kept(trial: Trial, sample: Sample) -> tuple[Verdict, str, str]:
    """The verdict, what is lost, and the evidence."""
    writes = trial.writes
    if sample.unsendable:
        return "warn", f"{sample.name}: valid for partners, and the map cannot send it", sample.unsendable
    seen = writes.write(sample.raw)
    if wrong := trouble(seen):
        return "fail", f"{sample.name}: {wrong}", described(seen)
    if not seen.is_success:
        return "warn", f"{sample.name}: valid for partners, refused by the core ({seen.status})", described(seen)
    if not trial.field.reads_as(writes.item(), sample.raw):
        return "fail", f"{sample.name}: comes back as another value", described(seen)
    return "pass", "", described(seen)
