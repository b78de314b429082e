"""Large batches (``contract.md`` 1.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.settings.addresses import redis_url
from gateway.settings.field import one_of, setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.settings.field import Fault


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    max_job_items: int = setting(1_000_000, parse=int, least=1, most=100_000_000, help="Items in one job.")
    job_store_bytes: int = setting(
        4_294_967_296,
        parse=int,
        unit="bytes",
        least=1_048_576,
        most=1_099_511_627_776,
        help="Size of the store of jobs; beyond three quarters of it no new job or part is taken, and nothing is evicted.",
    )
    job_core_concurrency: int = setting(
        16, parse=int, least=1, most=10_000, help="Calls of jobs in flight to the core, per job worker."
    )
    job_lease: float = setting(
        45.0,
        parse=float,
        unit="s",
        least=2,
        most=600,
        help="How long a chunk waits for a job worker that is silent before another takes it.",
    )
    job_dispatch: str = setting(
        "loop",
        parse=one_of("loop", "celery"),
        help="What hands chunks to job workers: `loop`, a loop of their own, or `celery`, over Redis.",
    )
    job_processes: int = setting(
        1, parse=int, least=1, most=64, help="Processes of one job worker that is run by Celery; each runs one chunk."
    )
    job_broker_url: str = setting(
        "", parse=redis_url, secret=True, help="Redis for Celery's messages; empty: that of `REDIS_URL`."
    )

    def faults(self) -> Iterator[Fault]:
        yield from ()
