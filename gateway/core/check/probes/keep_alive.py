"""How long the core keeps a connection at rest, and how many calls it takes on one."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from gateway.core.check.finding import Finding, Proposal, cannot_tell
from gateway.settings import variable
from legacy_client.errors import CoreError

if TYPE_CHECKING:
    from gateway.core.check.finding import Verdict
    from gateway.core.check.trial import Trial
    from legacy_client.single.line import Line

_NAME = variable("core_keepalive")
# Of the core's limit; the rest is for what is on its way while the core closes.
_SHARE = 2 / 3
# A core that ends a connection so soon after its answer keeps none.
_AT_ONCE = 0.05


class _Rested(NamedTuple):
    """``limit``: after so many seconds at rest the core ended it; None: it stood for ``longest``."""

    longest: float
    limit: float | None


def probe(trial: Trial) -> Finding:
    try:
        with closing(trial.place.open()) as line:
            first = trial.missing.ask_over(line)
            if not first.status:
                return cannot_tell("there was no answer")
            if line.is_announced_last:
                return _keeps_none("each answer says Connection: close")
            rested = _rest(trial, line)
        calls = _calls_until_it_ends(trial)
    except CoreError as error:
        return cannot_tell(f"no connection: {error.reason}")
    return _judged(trial, rested, calls)


def _rest(trial: Trial, line: Line) -> _Rested:
    longest = 0.0
    for seconds in trial.pace.rests:
        if (ended := line.wait_for_end(seconds)) is not None:
            return _Rested(longest, ended)
        longest = seconds
        if not trial.missing.ask_over(line).status:
            # It ended as the call left: the fault that this setting is there to prevent.
            return _Rested(longest, seconds)
        if line.is_announced_last:
            break
    return _Rested(longest, None)


def _calls_until_it_ends(trial: Trial) -> int:
    """0 where it took all of them, or said that it ends."""
    with closing(trial.place.open()) as line:
        for number in range(trial.pace.calls_a_connection):
            if not trial.missing.ask_over(line).status:
                return number
            if line.is_announced_last:
                return 0
    return 0


def _judged(trial: Trial, rested: _Rested, calls: int) -> Finding:
    own = trial.settings.core.core_keepalive
    if rested.limit is not None and rested.limit < _AT_ONCE:
        return _keeps_none("a connection ends after its answer, without a word")
    if calls:
        told = f"a connection ends after {calls} calls, without a word: calls meet its end"
        return Finding(verdict="warn", told=told, shape={"calls": str(calls)})
    if rested.limit is not None:
        return _limited(own, rested.limit)
    if rested.longest < own:
        return cannot_tell(f"a connection stood {rested.longest:g} s at rest; {_NAME} is {own:g}")
    told = f"a connection stood {rested.longest:g} s at rest; {_NAME} is {own:g}"
    return Finding(verdict="pass", told=told, shape={"limit": "none"})


def _limited(own: float, limit: float) -> Finding:
    told = f"the core ends connections after {limit:.3g} s at rest; {_NAME} is {own:g}"
    proposals = [Proposal(f"{_NAME}={limit * _SHARE:.2g}", f"two thirds of {limit:.3g} s")]
    shape = {"limit": f"{limit:.0f}"}
    if own >= limit:
        return Finding(verdict="fail", told=told, proposals=proposals, shape=shape)
    verdict: Verdict = "warn" if own > limit * _SHARE * 1.05 else "pass"
    return Finding(verdict=verdict, told=told, proposals=proposals if verdict == "warn" else (), shape=shape)


def _keeps_none(told: str) -> Finding:
    why = "no connection can be used twice; each call pays for a new one"
    return Finding(verdict="warn", told=f"{told}: {why}", proposals=[Proposal(f"{_NAME}=0", why)], shape={"limit": "0"})
