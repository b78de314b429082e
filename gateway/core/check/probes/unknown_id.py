"""An update of an id that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.core.check import answer_words, refusals
from gateway.core.check.answers import described, shape, trouble
from gateway.core.check.finding import Finding, Proposal, cannot_tell
from legacy_client.errors import AccessDenied, Busy, NotFound, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.core.check.finding import Verdict
    from gateway.core.check.trial import Trial
    from legacy_client.single.seen import Seen

# An answer to a wrong body too, so it cannot mean one thing.
_OF_BODIES = (400, 422)


def probe(trial: Trial) -> Finding:
    if (taken := trial.missing.taken) is not None:
        return _judged(taken)
    seen = trial.missing.update()
    if refused := _every_update_is_refused(trial, seen):
        return refused
    if isinstance(seen.error, Rejected) and _is_of_bodies(seen):
        # Some cores look at the body first, and refuse one without fields.
        if not trial.look().is_success:
            told = "the core looks at the body first, and shows no item by GET: the id that is not there may be there"
            return cannot_tell(told, described(seen))
        first, _ = trial.field.other_than(None)
        seen = trial.missing.update(trial.field.body(first))
        if isinstance(seen.error, Rejected):
            trial.refusals.append(seen)
    if isinstance(seen.error, AccessDenied) and not trial.look().is_success:
        return cannot_tell("the core refuses the gateway's credentials", described(seen))
    return _judged(seen)


def _every_update_is_refused(trial: Trial, seen: Seen) -> Finding | None:
    """For a header that the core names, and that is no credential."""
    if not isinstance(seen.error, (Rejected, AccessDenied)):
        return None
    sent = trial.missing.headers()
    named = refusals.headers_named(seen, sent)
    own = {name.lower() for name in trial.own_credentials()} if named else set()
    if not named or any(header.lower() in own for header in named):
        return None
    trial.refusals.append(seen)
    told = f"the core refuses every update: {refusals.reason(seen, trial.code_at, sent)}"
    fixed = {name.lower() for name, _ in trial.resource.operation.headers}
    return _found("fail", told, seen, refusals.proposals(named, sent, fixed))


def _is_of_bodies(seen: Seen) -> bool:
    # A core that says everything in a 2xx says that too.
    return seen.status in _OF_BODIES or seen.status < 300


def _judged(seen: Seen) -> Finding:
    if isinstance(seen.error, NotFound):
        return _found("pass", f"not found: {seen.status}", seen)
    if seen.is_success:
        return _found("fail", f"status {seen.status} is a success, though there is no such item", seen)
    if wrong := trouble(seen):
        return _found(
            "fail", f"partners would be told unknown: {wrong}", seen, answer_words.proposals(seen, "not_found")
        )
    if isinstance(seen.error, Busy):
        return _found("fail", f"status {seen.status} means busy, so the call would be made again and again", seen)
    if _is_of_bodies(seen):
        return _found("warn", f"status {seen.status} means {_kind(seen)}, not that the id is unknown", seen)
    if isinstance(seen.error, AccessDenied):
        # A map that reads it as not found would tell partners so of every item once the credentials have expired.
        return _found("warn", f"status {seen.status} means {_kind(seen)}; 404 or 410 must come", seen)
    line = f'[meaning] {seen.status} = "not_found"'
    return _found("warn", f"status {seen.status} means {_kind(seen)}", seen, [Proposal(line, "what it says of an id")])


def _found(verdict: Verdict, told: str, seen: Seen, proposals: Sequence[Proposal] = ()) -> Finding:
    return Finding(
        verdict=verdict,
        told=told,
        evidence=[described(seen)],
        proposals=proposals,
        shape={"status": str(seen.status), "body": shape(seen)},
    )


def _kind(seen: Seen) -> str:
    return {"Rejected": "rejected", "Conflict": "conflict", "AccessDenied": "our credentials are refused"}.get(
        type(seen.error).__name__, "something else"
    )
