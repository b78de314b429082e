"""What hands chunks to job workers."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.jobs.sweeper import ALIVE_SECONDS, PERMITS_A_WORKER
from gateway.settings import variable
from gateway.settings.service import most_workers, too_many
from gateway.wiring.jobs import JobWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.resources.resource import MakeResource
    from gateway.settings import Settings
    from gateway.wiring.jobs import JobStores


def processes(settings: Settings) -> int:
    """Of one job worker."""
    return settings.jobs.job_processes if _is_celery(settings) else 1


def told_together(settings: Settings, stores: JobStores) -> dict[str, int]:
    """How many calls all workers may have in flight, if those that are alive have this one's settings.

    ``with_a_gateway``: beside one gateway of these settings.

    Empty where the store cannot be had.
    """
    try:
        others = stores.chunks.workers(ALIVE_SECONDS)
    except StoreUnavailable:
        return {}
    together = (others + processes(settings)) * settings.jobs.job_core_concurrency
    of_gateway = settings.service.workers * settings.core.core_concurrency
    return {"together": together, "with_a_gateway": together + of_gateway}


def unfit(settings: Settings) -> str:
    """Why the dispatch would not run, or nothing."""
    if not _is_celery(settings):
        return ""
    if settings.jobs.job_processes > most_workers() and not settings.service.many_workers:
        return f"{variable('job_processes')}: {too_many(settings.jobs.job_processes)}"
    if not settings.stores.redis_url:
        return "GATEWAY_JOB_DISPATCH=celery needs GATEWAY_REDIS_URL, where its jobs stand"
    if find_spec("celery") is None:
        return "Celery is not installed: pip install -r deploy/lock/jobs.txt, or set GATEWAY_JOB_DISPATCH=loop"
    from gateway.jobs.dispatch import celery

    return celery.unfit(_broker_url(settings))


def job_runner(settings: Settings, stores: JobStores, resources: Sequence[MakeResource]) -> Callable[[], None]:
    """Runs chunks until SIGTERM. Raises SettingsError."""
    if _is_celery(settings):
        return _Pool(settings, stores, resources).run
    worker = JobWorker(settings, stores, resources, stores.dispatch)

    def run() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stores.dispatch.stop())
        worker.start()
        try:
            stores.dispatch.serve(worker.run_one)
        finally:
            worker.end()

    return run


class _Pool:
    """Each process of Celery's pool makes its worker after the fork."""

    def __init__(self, settings: Settings, stores: JobStores, resources: Sequence[MakeResource]) -> None:
        # The loop needs neither Celery nor its memory.
        from gateway.jobs.dispatch.celery import CeleryDispatch, Forwarder

        self._dispatch = CeleryDispatch(
            _broker_url(settings), settings.jobs.job_processes, begin=self._begin, end=self._end
        )
        forwarder = Forwarder(
            stores.chunks, self._dispatch, lambda: PERMITS_A_WORKER * max(1, stores.chunks.workers(ALIVE_SECONDS))
        )
        self._make: Callable[[], JobWorker] = lambda: JobWorker(
            settings, stores, resources, self._dispatch, forwarder.turn
        )

    def run(self) -> None:
        self._dispatch.serve(self._run_one)

    def _begin(self) -> None:
        self._worker = self._make()
        self._worker.start()

    def _run_one(self) -> bool:
        return self._worker.run_one()

    def _end(self) -> None:
        self._worker.end()


def _is_celery(settings: Settings) -> bool:
    return settings.jobs.job_dispatch == "celery"


def _broker_url(settings: Settings) -> str:
    return settings.jobs.job_broker_url or settings.stores.redis_url
