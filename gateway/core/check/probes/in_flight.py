"""Two calls at once: with the same key, and for the same id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.core.check.answers import described, trouble
from gateway.core.check.finding import Finding, Proposal, cannot_tell
from gateway.core.check.probes.idempotency import HONOURED
from gateway.settings import variable
from legacy_client.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.core.check.trial import Trial
    from legacy_client.errors import CoreError
    from legacy_client.single.seen import Seen


def probe(trial: Trial) -> Finding:
    writes = trial.writes
    other, third = writes.field.other_than(writes.own)
    apart = writes.write_at_once((other, writes.new_key()), (third, writes.new_key()))
    evidence = [f"two keys at once: {described(seen)}" for seen in apart]
    if finding := _of_one_id(apart, evidence, writes.field.may_be_one_of(writes.item(), (other, third))):
        return finding
    idempotency = trial.found.get("idempotency")
    if idempotency is None or idempotency.shape.get("keys") != HONOURED:
        return Finding(verdict="pass", told="two calls for one id at once end well", evidence=evidence)
    key = writes.new_key()
    same = writes.write_at_once((other, key), (third, key))
    evidence += [f"one key at once: {described(seen)}" for seen in same]
    return _of_one_key(trial, key, same, evidence)


def _of_one_id(seen: Sequence[Seen], evidence: Sequence[str], is_one_of_them: bool) -> Finding | None:
    if wrong := next(filter(None, map(trouble, seen)), ""):
        return Finding(verdict="fail", told=f"two calls for one id at once: {wrong}", evidence=evidence)
    if all(isinstance(each.error, Rejected) for each in seen):
        return cannot_tell("the core refuses other values of the field: another --field may show it", *evidence)
    if not is_one_of_them:
        return Finding(verdict="fail", told="after two calls at once the field has neither value", evidence=evidence)
    if refused := next((each for each in seen if not each.is_success), None):
        told = f"of two calls for one id at once the core refuses one: {refused.status}, {_kind(refused.error)}"
        return Finding(verdict="warn", told=told, evidence=evidence)
    return None


def _of_one_key(trial: Trial, key: str, seen: Sequence[Seen], evidence: Sequence[str]) -> Finding:
    """Both must not be applied: each answer shows the value that it stands for."""
    if not all(each.item for each in seen if each.is_success):
        return cannot_tell("answers do not show the item, so nobody sees which call was applied", *evidence)
    shown = [trial.field.raw_in(each.item) for each in seen if each.is_success]
    if len(shown) == 2 and shown[0] != shown[1]:
        # Where a key counts together with its body, two bodies are two calls, and the gateway sends one.
        trial.writes.write(trial.writes.own, key)
        if trial.writes.read() == trial.writes.own:
            return cannot_tell("a key counts with its body alone, so two bodies show nothing", *evidence)
        told = "two calls at once with one key are both applied: a key counts only after its first call has ended"
        line = f"{variable('core_honours_idempotency')}=false"
        return Finding(
            verdict="fail", told=told, evidence=evidence, proposals=[Proposal(line, "a repeat may come that soon")]
        )
    if wrong := next(filter(None, map(trouble, seen)), ""):
        return Finding(verdict="fail", told=f"two calls at once with one key: {wrong}", evidence=evidence)
    return Finding(verdict="pass", told="of two calls at once with one key one is applied", evidence=evidence)


def _kind(error: CoreError | None) -> str:
    return type(error).__name__.lower()
