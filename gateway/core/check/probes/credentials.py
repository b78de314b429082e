"""What the core says to the gateway's credentials, to none, and to broken ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.core.check.answers import described, is_unsure, trouble
from gateway.core.check.finding import Finding, Proposal, cannot_tell
from gateway.core.check.trial import ALL_REFUSED
from gateway.settings import variable
from legacy_client.errors import AccessDenied, Busy, NotSent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.core.check.trial import Trial
    from legacy_client.single.seen import Seen

_BROKEN = "broken-by-the-check"


def probe(trial: Trial) -> Finding:
    try:
        own = trial.own_credentials()
    except NotSent as error:
        return Finding(verdict="fail", told=f"the gateway has no credentials to send: {error.reason}")
    with_own = trial.missing.update()
    if _refuses(with_own) and not trial.is_usual(with_own) and not trial.look().is_success:
        return _own_refused(trial, with_own)
    if not own:
        if trial.is_usual(with_own):
            return cannot_tell(ALL_REFUSED, described(with_own))
        return Finding(verdict="pass", told=f"none are needed, and {_setting(trial)} sends none", shape={"own": "none"})
    answers = {"none": trial.missing.update(credentials={}), "broken": trial.missing.update(credentials=_broken(own))}
    if all(trial.is_usual(seen) for seen in answers.values()):
        return cannot_tell(ALL_REFUSED, *map(described, answers.values()))
    return _judged(answers)


def _judged(answers: Mapping[str, Seen]) -> Finding:
    evidence = [f"{name}: {described(seen)}" for name, seen in answers.items()]
    shape = {name: str(seen.status) for name, seen in answers.items()}
    for name, seen in answers.items():
        if seen.is_success or is_unsure(seen) or isinstance(seen.error, Busy):
            wrong = trouble(seen) or f"status {seen.status}"
            told = f"to credentials that are {_words(name)} the core answers with {wrong}; 401 or 403 must come"
            return Finding(verdict="fail", told=told, evidence=evidence, shape=shape)
    unasked = [name for name, seen in answers.items() if not _refuses(seen)]
    if unasked:
        told = f"credentials that are {_words(*unasked)} are not refused: {answers[unasked[0]].status}"
        return Finding(verdict="warn", told=told, evidence=evidence, shape=shape)
    told = ", ".join(f"{name}: {seen.status}" for name, seen in answers.items())
    return Finding(verdict="pass", told=told, evidence=evidence, shape=shape)


def _own_refused(trial: Trial, seen: Seen) -> Finding:
    return Finding(
        verdict="fail",
        told=f"the core refuses the gateway's own: {seen.status} with {_setting(trial)}",
        evidence=[described(seen)],
        proposals=[Proposal(f"{variable('core_auth')}=…", "what the core takes, with the secret that goes with it")],
        shape={"own": str(seen.status)},
    )


def _setting(trial: Trial) -> str:
    return f"{variable('core_auth')}={trial.settings.core.core_auth}"


def _refuses(seen: Seen) -> bool:
    return isinstance(seen.error, AccessDenied)


def _broken(own: Mapping[str, str]) -> dict[str, str]:
    # The scheme stays, so that it is the secret that is wrong.
    return {name: f"{value.partition(' ')[0]} {_BROKEN}" if " " in value else _BROKEN for name, value in own.items()}


def _words(*names: str) -> str:
    return " or ".join({"none": "left out"}.get(name, name) for name in names)
