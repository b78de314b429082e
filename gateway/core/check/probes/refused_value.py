"""A value that no core can take, and how it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.core.check import answer_words
from gateway.core.check.answers import described, shape, trouble
from gateway.core.check.finding import Finding, Proposal
from gateway.core.check.shapes import name_of
from legacy_client.errors import Rejected, SaidNo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.core.check.finding import Verdict
    from gateway.core.check.trial import Trial
    from legacy_client.single.seen import Seen


def probe(trial: Trial) -> Finding:
    seen = trial.answer_to(trial.field.body(trial.field.wrong_value()))
    if isinstance(seen, Finding):
        return seen
    return _judged(trial, seen)


def _judged(trial: Trial, seen: Seen) -> Finding:
    if seen.is_success:
        return _found("fail", "an object is taken where another value belongs", seen)
    if wrong := trouble(seen):
        lines = answer_words.proposals(seen, "rejected")
        return _found("fail", f"partners would be told unknown: {wrong}", seen, lines)
    if not isinstance(seen.error, Rejected):
        return _found("fail", f"status {seen.status} does not mean that a value is refused", seen)
    return _named(trial, seen, seen.error)


def _named(trial: Trial, seen: Seen, error: SaidNo) -> Finding:
    to_public = trial.resource.translation.errors_to_public
    public = to_public(error.errors)
    if not error.errors:
        place = answer_words.place_of_errors(seen, lambda name: "other" not in to_public({name: ()}))
        line = f'[answers] errors_at = "{place}"'
        told = "the refusal names no field, so partners cannot tell which one it is"
        return _found("warn", told, seen, [Proposal(line, "where errors by field stand, if the core has them")])
    if unknown := [name for name in error.errors if "other" in to_public({name: ()})]:
        told = f"the map does not know the field {name_of(unknown[0])!r}, which the core names"
        return _found("warn", told, seen, [Proposal('[fields] … = {to = "…"}', f"the field {name_of(unknown[0])!r}")])
    return _found("pass", f"status {seen.status} names {', '.join(public)}", seen)


def _found(verdict: Verdict, told: str, seen: Seen, proposals: Sequence[Proposal] = ()) -> Finding:
    return Finding(
        verdict=verdict,
        told=told,
        evidence=[described(seen)],
        proposals=proposals,
        shape={"status": str(seen.status), "body": shape(seen)},
    )
