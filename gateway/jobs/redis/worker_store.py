from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from gateway.admission.idempotency.errors import LeaseLost
from gateway.jobs.chunk import Gauges
from gateway.jobs.redis import upkeep_scripts as upkeep
from gateway.jobs.redis import worker_scripts as scripts
from gateway.jobs.redis.rows import lease_from
from gateway.jobs.redis.steps import by_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.admission.idempotency.errors import StoreUnavailable
    from gateway.jobs.chunk import Ending, Lease, Settled
    from gateway.jobs.job import State
    from gateway.jobs.redis.steps import Steps

_PORTION_ROWS = 100
_NOTHING: tuple[str | int, ...] = (0, "0", "", 0, 0, 0, 0)
_NO_END = (0, 0, 0, 0, 0)


class RedisWorkerStore:
    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def next_chunk(self, worker: str) -> Lease | None:
        owner = f"{worker}/{secrets.token_hex(8)}"
        most_bytes = self._steps.bounds.bytes_for_runs
        answer, *rest = self._steps.run(scripts.NEXT, owner, self._steps.lease_seconds, most_bytes)
        return lease_from(rest, owner) if answer == b"lease" else None

    def renew(self, lease: Lease) -> None:
        self._held(scripts.RENEW, lease)

    def write(
        self, lease: Lease, events: Sequence[bytes], settled: Settled | None = None, ending: Ending | None = None
    ) -> None:
        keep = self._steps.bounds.keep_seconds
        self._held(scripts.WRITE, lease, keep, *_ending(ending), *_settled(settled), *events)

    def undo(self, lease: Lease, ending: Ending) -> None:
        self._held(scripts.UNDO, lease, self._steps.bounds.keep_seconds, *_ending(ending))

    def state(self, job_id: str) -> State | None:
        [answer] = self._steps.run(scripts.STATE, job_id)
        return None if answer == b"missing" else answer.decode()

    def beat(self, worker: str) -> None:
        self._steps.run(upkeep.BEAT, worker)

    def rest(self, worker: str) -> None:
        self._steps.run(upkeep.REST, worker)

    def workers(self, seconds: float) -> int:
        return self._number(upkeep.WORKERS, seconds)

    def ring(self, permits: int) -> None:
        self._steps.run(upkeep.RING, permits)

    def take_permit(self) -> bool:
        return bool(self._number(upkeep.TAKE))

    def permits(self) -> int:
        return self._number(upkeep.RING, 0)

    def elect(self, seconds: float) -> bool:
        return bool(self._number(upkeep.ELECT, seconds))

    def sweep(self) -> bool:
        bounds = self._steps.bounds
        return bool(self._number(upkeep.SWEEP, bounds.idle_seconds, bounds.keep_seconds, _PORTION_ROWS))

    def gauges(self) -> Gauges:
        states, due, leased, waited, stands, used, applied, failed, unknown = self._steps.run(upkeep.GAUGES)
        jobs: dict[Any, int] = {state: int(jobs) for state, jobs in by_name(states).items() if int(jobs)}
        items = {"applied": applied, "failed": failed, "unknown": unknown}
        return Gauges(jobs, due, leased, float(waited), float(stands), used, items)

    def ping(self) -> StoreUnavailable | None:
        return self._steps.ping()

    def _number(self, script: str, *arguments: str | float) -> int:
        [number] = self._steps.run(script, *arguments)
        return int(number)

    def _held(self, script: str, lease: Lease, *more: str | bytes | float) -> None:
        """Raises LeaseLost."""
        [answer] = self._steps.run(script, lease.job_id, lease.chunk, lease.owner, self._steps.lease_seconds, *more)
        if answer == b"lost":
            raise LeaseLost


def _ending(ending: Ending | None) -> tuple[float, ...]:
    if ending is None:
        return _NO_END
    return 1, int(ending.is_done), ending.wait_seconds, ending.job_wait_seconds, int(ending.is_excused)


def _settled(settled: Settled | None) -> list[str | bytes | float]:
    if settled is None:
        return list(_NOTHING)
    counts = (settled.applied, settled.failed, settled.unknown, len(settled.errors))
    flat: list[str | bytes | float] = [settled.number, f"{settled.bits:x}", settled.results, *counts]
    for each in settled.errors:
        flat += [each.code, each.count, each.first_index, each.sample]
    return flat
