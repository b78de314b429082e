"""The core's clock beside ours."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from gateway.core.check.finding import Finding, cannot_tell

if TYPE_CHECKING:
    from gateway.core.check.trial import Trial

# A ``Date`` has whole seconds, and tokens are given this leeway.
_MOST_SECONDS = 5.0


def probe(trial: Trial) -> Finding:
    seen = trial.missing.update()
    now, date = trial.wall_clock(), seen.header("date")
    if not date:
        return cannot_tell("the core sends no Date")
    try:
        skew = parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError, OSError):
        return Finding(verdict="warn", told="the Date of the core is none")
    if abs(skew) > _MOST_SECONDS:
        ahead = "ahead of" if skew > 0 else "behind"
        told = f"the core is {abs(skew):.0f} s {ahead} this machine: times in tokens and Retry-After are read wrongly"
        return Finding(verdict="warn", told=told)
    return Finding(verdict="pass", told=f"within {_MOST_SECONDS:.0f} s of this machine")
