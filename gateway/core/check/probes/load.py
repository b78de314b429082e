"""How many calls at once the core is good for, and how long they take."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

from gateway.core.check.finding import Finding, Proposal, worst
from gateway.settings import variable
from legacy_client.sending.waits import retry_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.core.check.finding import Verdict
    from gateway.core.check.trial import Trial
    from legacy_client.single.seen import Timing

# A core that answers at once today may not do so on its worst day.
_LEAST_SECONDS = 1.0
# A busy core may take so many times what the slowest of a hundred calls took.
_ROOM = 4


class _Level(NamedTuple):
    """So many calls ``at_once``, over ``seconds``."""

    at_once: int
    seconds: float
    timings: Sequence[Timing]

    @property
    def failed(self) -> Timing | None:
        return next((each for each in self.timings if not each.is_success), None)

    def percentile(self, share: float) -> float:
        ordered = sorted(each.seconds for each in self.timings)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]

    def told(self) -> str:
        p50, p95, p99 = (1000 * self.percentile(share) for share in (0.5, 0.95, 0.99))
        rate = len(self.timings) / max(self.seconds, 1e-9)
        return f"{self.at_once} at once: {len(self.timings)} calls, {rate:.0f}/s, p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f} ms"


def probe(trial: Trial) -> Finding:
    good: list[_Level] = []
    for at_once in trial.pace.levels:
        level = _asked(trial, at_once)
        if level.failed is not None or not level.timings:
            return _judged(trial, good, level)
        if good and level.percentile(0.95) > max(trial.pace.noise, 2 * good[0].percentile(0.95)):
            return _judged(trial, good, level)
        good.append(level)
    return _judged(trial, good, None)


def _asked(trial: Trial, at_once: int) -> _Level:
    began = time.monotonic()

    def is_over(timing: Timing) -> bool:
        return not timing.is_success or time.monotonic() - began >= trial.pace.level_seconds

    timings = trial.writes.repeat_own(trial.pace.calls_a_level, at_once, is_over)
    return _Level(at_once, time.monotonic() - began, timings)


def _judged(trial: Trial, good: Sequence[_Level], ended: _Level | None) -> Finding:
    evidence = [level.told() for level in (*good, *((ended,) if ended and ended.timings else ()))]
    if not good:
        return Finding(verdict="fail", told=f"one call at a time fails: {_end(ended)}", evidence=evidence)
    knee, workers = good[-1], trial.settings.service.workers
    most = max(1, knee.at_once // workers)
    timeout = max(_LEAST_SECONDS, math.ceil(_ROOM * 10 * knee.percentile(0.99)) / 10)
    own, proposals = trial.settings.core.core_concurrency, []
    if ended is not None and most < own:
        proposals.append(
            Proposal(
                f"{variable('core_concurrency')}={most}",
                f"{knee.at_once} at once, over {workers} of {variable('workers')}",
            )
        )
    verdict = worst(_of_time(trial, timeout, proposals), "warn" if proposals else "pass")
    told = (
        f"good for {knee.at_once} calls at once; {_end(ended)}"
        if ended
        else f"good for {knee.at_once} at once, or more"
    )
    return Finding(verdict=verdict, told=told, evidence=evidence, proposals=proposals)


def _of_time(trial: Trial, timeout: float, proposals: list[Proposal]) -> Verdict:
    is_short = timeout > trial.settings.budgets.core_timeout
    if is_short or timeout * _ROOM < trial.settings.budgets.core_timeout:
        why = "four times the slowest of a hundred calls"
        proposals.append(Proposal(f"{variable('core_timeout')}={timeout:g}", why))
    return "warn" if is_short else "pass"


def _end(level: _Level | None) -> str:
    if level is None or not level.timings:
        return "no call could be made"
    if (failed := level.failed) is not None:
        wait = f", Retry-After: {_wait(failed.retry_after)}" if failed.retry_after else ""
        return f"{level.at_once} at once ended with {failed.status or 'no answer'}{wait}"
    return f"at {level.at_once} at once the p95 has doubled"


def _wait(text: str) -> str:
    seconds = retry_after(text, time.time)
    return "not readable" if seconds is None else f"{seconds:.0f} s"
