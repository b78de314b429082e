"""Large batches: their store, and what runs them."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from gateway import VERSION
from gateway.admission.idempotency.keeping import Keeper
from gateway.admission.idempotency.policy import ClaimPolicy
from gateway.garbage import spare_what_lasts
from gateway.jobs.availability import Availability
from gateway.jobs.chunk import MOST_ITEMS
from gateway.jobs.dispatch.loop import LoopDispatch
from gateway.jobs.dispatch.port import Dispatch
from gateway.jobs.job import Bounds
from gateway.jobs.run_chunk import ChunkServices
from gateway.jobs.sqlite.file import JobFile
from gateway.jobs.sqlite.job_store import SqliteJobStore
from gateway.jobs.sqlite.worker_store import SqliteWorkerStore
from gateway.jobs.sweeper import Pulse, Sweeper
from gateway.jobs.watch import Watch
from gateway.jobs.worker import Worker
from gateway.telemetry.instruments import connect_traces
from gateway.wiring.access import Access, key_records
from gateway.wiring.audit import audit_trail
from gateway.wiring.core import CoreLink
from gateway.wiring.resources import made
from gateway.wiring.stores import redis_url_now

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gateway.jobs.store import JobStore, WorkerStore
    from gateway.resources.resource import MakeResource
    from gateway.settings import Settings
    from gateway.settings.jobs import JobSettings

CHUNK_SECONDS = 30.0
_FILE_NAME = "jobs.sqlite"
# Of a killed worker (contract 1.6).
_MOST_IN_DOUBT = 500
ALIVE_FILE = "job-worker.alive"
"""In ``STATE_DIR``: touched each second by the job workers of a host, for who looks after them."""


@dataclass(frozen=True, kw_only=True)
class JobStores:
    """Opens nothing before its first use. ``unfit`` says why the store would lose jobs, or nothing.

    ``risk`` says what may cost jobs, though it can be meant.
    """

    jobs: JobStore
    chunks: WorkerStore
    dispatch: LoopDispatch
    availability: Availability
    close: Callable[[], None]
    unfit: Callable[[], str]
    risk: Callable[[], str]


class StoppingDispatch(Dispatch, Protocol):
    """``is_stopping``: no chunk is to be begun."""

    def is_stopping(self) -> bool: ...


class Kept(Protocol):
    """Where jobs are kept."""

    close: Callable[[], None]

    def unfit(self) -> str: ...

    def risk(self) -> str: ...


def job_bounds(settings: JobSettings) -> Bounds:
    return Bounds(job_items=settings.max_job_items, store_bytes=settings.job_store_bytes)


def job_stores(settings: Settings) -> JobStores:
    """Redis if set, else one SQLite file per host."""
    bounds = job_bounds(settings.jobs)
    if settings.stores.redis_url:
        # A process without Redis need not load its client.
        from gateway.jobs.redis.job_store import RedisJobStore
        from gateway.jobs.redis.steps import Steps
        from gateway.jobs.redis.worker_store import RedisWorkerStore

        steps = Steps(
            settings.stores.redis_url,
            bounds,
            lease_seconds=settings.jobs.job_lease,
            url_now=redis_url_now(settings.stores),
        )
        return _stores(settings, RedisJobStore(steps), RedisWorkerStore(steps), steps)
    file = JobFile(settings.stores.state_dir / _FILE_NAME, bounds, lease_seconds=settings.jobs.job_lease)
    return _stores(settings, SqliteJobStore(file), SqliteWorkerStore(file), file)


def kept_in(settings: Settings) -> str:
    """For people. The address of Redis may have a password, and is not told."""
    return "Redis (GATEWAY_REDIS_URL)" if settings.stores.redis_url else str(settings.stores.state_dir / _FILE_NAME)


def _stores(settings: Settings, jobs: JobStore, chunks: WorkerStore, kept: Kept) -> JobStores:
    forwards = settings.core.core_auth == "forward"
    return JobStores(
        jobs=jobs,
        chunks=chunks,
        dispatch=LoopDispatch(chunks),
        availability=Availability(chunks, forwards=forwards, unfit=kept.unfit, risk=kept.risk),
        close=kept.close,
        unfit=kept.unfit,
        risk=kept.risk,
    )


def process_name() -> str:
    """One for each process of all hosts."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class JobWatch:
    """Sweeps and looks in the background, over connections of its own. ``numbers`` are the gauges."""

    def __init__(self, settings: Settings) -> None:
        self._stores = job_stores(settings)
        watch = Watch(self._stores.chunks)
        self.numbers = watch.numbers
        sweeper = Sweeper(self._stores.chunks, self._stores.dispatch)
        # Where no job can be taken there is nothing to sweep, and no store need be made.
        takes_jobs = settings.core.core_auth != "forward"
        self._pulse = Pulse(sweeper.turn, watch.turn) if takes_jobs else None

    def start(self) -> None:
        if self._pulse:
            self._pulse.start()

    def close(self) -> None:
        if self._pulse:
            self._pulse.stop()
        self._stores.close()


def chunk_policy(settings: Settings) -> ClaimPolicy:
    concurrency, honours_keys = settings.jobs.job_core_concurrency, settings.core.core_honours_idempotency
    # Each write slows what comes after it, too. So a killed worker may leave twice as much in doubt as a killed batch.
    # Where what is in doubt is sent again, and applied once, one mark does for a whole chunk.
    window = MOST_ITEMS if honours_keys else min(_MOST_IN_DOUBT, 4 * max(concurrency, settings.core.batch_concurrency))
    return ClaimPolicy(
        ttl_seconds=settings.stores.idempotency_ttl,
        window=window,
        in_flight=concurrency,
        repeats_unknown=honours_keys,
        lease_seconds=settings.jobs.job_lease,
    )


class JobWorker:
    """What runs chunks in a process. Made after any fork. Raises SettingsError.

    ``dispatch`` hands permits on; ``beats`` are called once a second beside the worker's own.
    """

    def __init__(
        self,
        settings: Settings,
        stores: JobStores,
        resources: Sequence[MakeResource],
        dispatch: StoppingDispatch,
        *beats: Callable[[], None],
    ) -> None:
        self.name = process_name()
        self._stores = stores
        self._keeper = Keeper()
        self._core = _core(settings)
        self._trail = audit_trail(settings, lambda work: work())
        self._traces = connect_traces(enabled=settings.service.traces, version=VERSION)
        services = self._services(settings, resources, dispatch)
        worker = Worker(self.name, services)
        self.run_one = worker.run_one
        sweeper = Sweeper(stores.chunks, dispatch)
        self._pulse = Pulse(partial(_touch, settings.stores.state_dir), worker.beat, sweeper.turn, *beats)

    def start(self) -> None:
        spare_what_lasts()
        self._core.start()
        self._pulse.start()

    def end(self) -> None:
        self._pulse.stop()
        self._keeper.close()
        if self._trail:
            self._trail.close()
        self._stores.chunks.rest(self.name)
        self._stores.close()
        # A process of Celery's pool ends without what others do at their exit.
        self._traces.flush()

    def _services(
        self,
        settings: Settings,
        resources: Sequence[MakeResource],
        dispatch: StoppingDispatch,
    ) -> ChunkServices:
        concurrency = settings.jobs.job_core_concurrency
        return ChunkServices(
            store=self._stores.chunks,
            resources={resource.plural: resource for resource in made(settings, resources, lambda: None)},
            core=self._core.client,
            policy=chunk_policy(settings),
            keeper=self._keeper,
            concurrency=concurrency,
            seconds=CHUNK_SECONDS,
            traces=self._traces,
            log_failed_items=settings.service.log_failed_items,
            is_stopping=dispatch.is_stopping,
            trail=self._trail,
        )


def _core(settings: Settings) -> CoreLink:
    access = Access(settings.access, key_records(settings.stores))
    return CoreLink(settings.core, settings.budgets, access.core_token(settings.core))


def _touch(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Over Redis a worker needs no folder.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ALIVE_FILE).touch()
