from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.admission.outage import StoreState
from gateway.jobs.run_chunk import run_chunk
from gateway.telemetry.context import request_context

if TYPE_CHECKING:
    from gateway.jobs.chunk import Lease
    from gateway.jobs.run_chunk import ChunkServices

_log = logging.getLogger(__name__)


class Worker:
    """Runs one chunk at a time, whichever is due."""

    def __init__(self, name: str, services: ChunkServices) -> None:
        self._name = name
        self._services = services
        self._state = StoreState()

    def run_one(self) -> bool:
        """Whether a chunk was due. Raises nothing."""
        try:
            lease = self._services.store.next_chunk(self._name)
            if lease is not None:
                self._run(lease)
        except StoreUnavailable as exc:
            self._is_away(exc.reason)
            return False
        return lease is not None

    def beat(self) -> None:
        """Tells the store that the worker is alive, and the log where the store is away or back. Raises nothing."""
        # A worker without a chunk would ask for nothing that tells: the loop looks for permits alone.
        try:
            self._services.store.beat(self._name)
        except StoreUnavailable as exc:
            self._is_away(exc.reason)
        else:
            if self._state.came_back():
                _log.warning("job_store_back")

    def _is_away(self, reason: str) -> None:
        if self._state.went_down():
            _log.warning("job_store_down", extra={"reason": reason})

    def _run(self, lease: Lease) -> None:
        """Raises StoreUnavailable."""
        token = request_context.set(lease.request_id)
        try:
            run_chunk(self._services, lease)
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 -- the lease runs out, and the attempt counts
            _log.exception("chunk_failed", extra={"job": lease.job_id, "first_index": lease.first_index})
        finally:
            request_context.reset(token)
