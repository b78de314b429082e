from __future__ import annotations

import logging
import math
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from legacy_client.errors import Unreachable, Untrusted

if TYPE_CHECKING:
    from collections.abc import Callable

    from legacy_client.errors import CoreError

_log = logging.getLogger(__name__)

# One check serves everybody for this long.
# In what TLS says of the core's certificate, or of ours.
_OF_CERTIFICATES = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
_FRESH_SECONDS = 2.0
# Up to this age the last result is used if the next check takes more than a moment.
_TELLABLE_SECONDS = 15.0
_MOMENT_SECONDS = 0.02


def _in_the_background(look: Callable[[], None]) -> None:
    threading.Thread(target=look, name="core-ping", daemon=True).start()


def told_kind(problem: CoreError) -> str:
    """For readiness: why there is no connection."""
    if not isinstance(problem, Untrusted):
        return "unreachable"
    return "certificate" if any(word in problem.reason for word in _OF_CERTIFICATES) else "tls"


class Reachability:
    """All who ask share one check, and wait briefly. Each change is logged once.

    ``ping`` gives None where the core can be reached, within ``seconds``.
    """

    def __init__(
        self,
        ping: Callable[[], CoreError | None],
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        run: Callable[[Callable[[], None]], None] = _in_the_background,
    ) -> None:
        self._ping = ping
        self._seconds = seconds
        self._clock = clock
        self._run = run
        self._lock = threading.Lock()
        self._looked_at = -math.inf
        self._problem: CoreError | None = Unreachable("not looked for yet")
        self._told = ""
        self._look: threading.Event | None = None

    def start(self) -> None:
        self._begin_to_look()

    def problem(self) -> CoreError | None:
        """Why the last check failed."""
        age = self._clock() - self._looked_at
        if age >= _FRESH_SECONDS:
            self._begin_to_look().wait(_MOMENT_SECONDS if age < _TELLABLE_SECONDS else self._seconds)
        return self._problem

    def _begin_to_look(self) -> threading.Event:
        with self._lock:
            look, is_ours = self._look or threading.Event(), self._look is None
            self._look = look
        if is_ours:
            self._run(partial(self._end_look, look))
        return look

    def _end_look(self, look: threading.Event) -> None:
        problem = self._ping()
        with self._lock:
            self._problem, self._looked_at, self._look = problem, self._clock(), None
        self._tell(problem)
        look.set()

    def _tell(self, problem: CoreError | None) -> None:
        told, self._told = self._told, "" if problem is None else f"{told_kind(problem)}: {problem.reason}"
        if self._told and self._told != told:
            _log.warning("core_unreachable", extra={"reason": self._told})
        elif told and not self._told:
            _log.info("core_reachable")
