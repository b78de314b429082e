from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.jobs.store import WorkerStore

_LOOK_SECONDS = 0.2


class LoopDispatch:
    """Permits are counted in the store; each worker looks for one five times a second."""

    def __init__(self, store: WorkerStore, *, look_seconds: float = _LOOK_SECONDS) -> None:
        self._store = store
        self._look_seconds = look_seconds
        self._stopping = threading.Event()
        self.is_stopping = self._stopping.is_set
        self.stop = self._stopping.set

    def ring(self, permits: int) -> None:
        self._store.ring(permits)

    def serve(self, run_one: Callable[[], bool]) -> None:
        """Until ``stop``."""
        # A permit that led to a chunk stays here: to give it back and take it again would be two writes.
        has_permit = False
        while not self._stopping.is_set():
            has_permit = (has_permit or self._has_permit()) and run_one()
            if not has_permit:
                self._stopping.wait(self._look_seconds)
        if has_permit:
            with contextlib.suppress(StoreUnavailable):
                self.ring(1)

    def depth(self) -> int:
        return self._store.permits()

    def _has_permit(self) -> bool:
        try:
            return self._store.take_permit()
        except StoreUnavailable:
            return False  # The worker's beat tells of it.
