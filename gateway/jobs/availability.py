from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.jobs.sweeper import ALIVE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.jobs.job import State
    from gateway.jobs.store import WorkerStore

FORWARDS = "the core is called with the caller's token, which a job would outlive (GATEWAY_CORE_AUTH=forward)"
NO_WORKER = "no job worker has been alive for 60 s (python -m gateway.jobs)"
_WAITING: frozenset[State] = frozenset({"queued", "running", "cancelling"})
_FRESH_SECONDS = 2.0


def carries_no_job(core_auth: str) -> str:
    """Why no job worker starts with this ``CORE_AUTH``, or an empty text."""
    return FORWARDS if core_auth == "forward" else ""


class Availability:
    """Why no job can be taken, or an empty text. A store is asked once in two seconds at most, until it has a worker.

    ``unfit`` says why the store would lose jobs, and ``risk`` what may cost jobs; or nothing.
    """

    def __init__(
        self,
        store: WorkerStore,
        *,
        forwards: bool,
        unfit: Callable[[], str] = str,
        risk: Callable[[], str] = str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._forwards = forwards
        self._unfit = unfit
        self._risk = risk
        self._clock = clock
        self._fresh_until = float("-inf")
        self._reason = ""
        self._waits = False

    def reason(self) -> str:
        if self._forwards:
            return FORWARDS
        if self._clock() >= self._fresh_until:
            self._reason = self._look()
            # Another process may have said meanwhile that jobs can be had, and who heard it must not be refused here.
            if self._reason != NO_WORKER:
                self._fresh_until = self._clock() + _FRESH_SECONDS
        return self._reason

    def check(self) -> dict[str, Any]:
        """For readiness, which it never ends: batches need no job. A ``reason`` is a fault, and alerts.

        A ``risk`` keeps no job away.
        """
        if reason := self.reason():
            # Who runs no workers has chosen to have no jobs, unless one waits.
            is_chosen = self._forwards or (reason == NO_WORKER and not self._waits)
            return {"ready": True, "detail" if is_chosen else "reason": reason}
        if unfit := self._unfit():
            return {"ready": True, "reason": unfit}
        risk = self._risk()
        return {"ready": True, **({"risk": risk} if risk else {})}

    def _look(self) -> str:
        try:
            self._waits = not _WAITING.isdisjoint(self._store.gauges().jobs)
            return "" if self._store.workers(ALIVE_SECONDS) else NO_WORKER
        except StoreUnavailable as exc:
            # Who asks for a job waits for who writes, and is told if that was too long.
            return "" if exc.is_busy else f"the store of jobs cannot be had: {exc.reason}"
