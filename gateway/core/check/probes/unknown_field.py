"""A field that no core knows: refused, or ignored in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.core.check.answers import described, trouble
from gateway.core.check.finding import Finding
from legacy_client.errors import Rejected

if TYPE_CHECKING:
    from gateway.core.check.finding import Verdict
    from gateway.core.check.trial import Trial
    from legacy_client.single.seen import Seen

_FIELDS = {"field_that_the_check_made_up": "x"}


def probe(trial: Trial) -> Finding:
    seen = trial.answer_to(_FIELDS)
    if isinstance(seen, Finding):
        return seen
    if seen.is_success:
        return _found("warn", "a field that the core does not know is ignored in silence", seen)
    if isinstance(seen.error, Rejected):
        return _found("pass", f"refused with status {seen.status}", seen)
    wrong = trouble(seen) or f"status {seen.status} does not mean that a field is refused"
    return _found("fail", f"partners would be told something else: {wrong}", seen)


def _found(verdict: Verdict, told: str, seen: Seen) -> Finding:
    return Finding(verdict=verdict, told=told, evidence=[described(seen)], shape={"status": str(seen.status)})
