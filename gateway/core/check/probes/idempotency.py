"""Whether a call with a known key is applied once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gateway.core.check.answers import described
from gateway.core.check.field_place import MISSING
from gateway.core.check.finding import Finding, Proposal, cannot_tell
from gateway.settings import variable

if TYPE_CHECKING:
    from gateway.core.check.finding import Verdict
    from gateway.core.check.trial import Trial
    from legacy_client.single.seen import Seen

HONOURED = "honoured"
_NAME = variable("core_honours_idempotency")


def probe(trial: Trial) -> Finding:
    return _judged(trial, *_Asked(trial).answers())


class _Asked:
    """Key A sets the field's own value, key B another one. What key A does from then on shows what keys are worth."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._writes = trial.writes
        self._key = self._writes.new_key()
        self.evidence: list[str] = []

    def answers(self) -> tuple[str, list[str]]:
        """How far keys are honoured, and the evidence."""
        other, _ = self._writes.field.other_than(self._writes.own)
        self._write("key A, own value", self._writes.own, self._key)
        self._write("key B, another value", other, self._writes.new_key())
        if self._writes.read() in (self._writes.own, MISSING):
            return "", self.evidence
        return self._of_key_a(), self.evidence

    def _of_key_a(self) -> str:
        if self._applies_again("key A, own value again"):
            return "ignored"
        if self._applies_again_over_new_lines():
            return "by connection"
        self._trial.rest(self._trial.pace.key_rest)
        if self._applies_again(f"key A after {self._trial.pace.key_rest:g} s"):
            return "for moments"
        return HONOURED

    def _applies_again(self, name: str) -> bool:
        self._write(name, self._writes.own, self._key)
        return self._writes.read() == self._writes.own

    def _applies_again_over_new_lines(self) -> bool:
        # Of n nodes with keys of their own, so many miss all the others once in n to the power of so many.
        seen = self._writes.repeat_own_over_lines(self._key, self._trial.pace.key_lines)
        told = Counter(each.status or "no answer" for each in seen)
        self.evidence += [f"key A over {count} other connections: {status}" for status, count in told.items()]
        return self._writes.read() == self._writes.own

    def _write(self, name: str, raw: object, key: str) -> Seen:
        seen = self._writes.write(raw, key)
        self.evidence.append(f"{name}: {described(seen)}")
        return seen


def _judged(trial: Trial, result: str, evidence: list[str]) -> Finding:
    is_believed = trial.settings.core.core_honours_idempotency
    if not result:
        return cannot_tell("another value of the field was not taken, or is not shown", *evidence)
    shape = {"keys": result}
    if result == HONOURED:
        told = f"a key is honoured, over other connections and after {trial.pace.key_rest:g} s too"
        gain = [] if is_believed else [Proposal(f"{_NAME}=true", "calls that may have been applied are made again")]
        return Finding(verdict="pass", told=told, evidence=evidence, proposals=gain, shape=shape)
    told = {
        "ignored": "a call with a known key is applied again",
        "by connection": "a key is known on its own connection alone: each node has keys of its own",
        "for moments": f"a key is forgotten within {trial.pace.key_rest:g} s",
    }[result]
    if is_believed:
        why = "updates would be applied twice"
        return Finding(
            verdict="fail", told=told, evidence=evidence, proposals=[Proposal(f"{_NAME}=false", why)], shape=shape
        )
    verdict: Verdict = "pass" if result == "ignored" else "warn"
    return Finding(verdict=verdict, told=f"{told}; {_NAME} is false", evidence=evidence, shape=shape)
