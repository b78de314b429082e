"""What no call can show: asked of the core's team, and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.core.check.finding import Finding
from gateway.settings import variable

if TYPE_CHECKING:
    from gateway.core.check.trial import Trial


def probe(trial: Trial) -> Finding:
    core = trial.settings.core
    atomic = str(core.core_atomic_errors).lower()
    kept = "not declared (--keys-kept)" if trial.keys_kept is None else f"{trial.keys_kept:g} s"
    evidence = [
        f"does a 5xx apply nothing? {variable('core_atomic_errors')}={atomic}",
        f"how long are keys kept? {kept}",
    ]
    shape = {"atomic": atomic, "keys_kept": kept}
    needed = trial.settings.stores.idempotency_ttl
    if trial.keys_kept is not None and core.core_honours_idempotency and trial.keys_kept < needed:
        told = (
            f"keys are kept {trial.keys_kept:g} s; partners may repeat for {needed:g} s ({variable('idempotency_ttl')})"
        )
        return Finding(verdict="warn", told=told, evidence=evidence, shape=shape)
    return Finding(verdict="cannot tell", told=f"declared: {'; '.join(evidence)}", shape=shape)
