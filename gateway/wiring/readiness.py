"""What the checks of ``/readyz`` found last, for the metrics: nobody waits for a check."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.api.pages.health import Check

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 10.0


def _in_the_background(look: Callable[[], None]) -> None:
    threading.Thread(target=look, name="readiness", daemon=True).start()


class Readiness:
    """``found``: whether each check found nothing wrong. A new look begins once in ten seconds at most."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        clock: Callable[[], float] = time.monotonic,
        run: Callable[[Callable[[], None]], None] = _in_the_background,
    ) -> None:
        self._checks = checks
        self._clock = clock
        self._run = run
        self._looked_at = -math.inf
        self._found: dict[str, bool] = {}

    def found(self) -> Mapping[str, bool]:
        """Empty until the first look has ended."""
        if self._clock() - self._looked_at >= _EVERY_SECONDS:
            self._looked_at = self._clock()
            self._run(self._look)
        return self._found

    def _look(self) -> None:
        try:
            self._found = {name: _is_fine(check()) for name, check in self._checks.items()}
        except Exception:  # noqa: BLE001 -- the next look may do better, and the page shows what was found before
            _log.exception("readiness_look_failed")


def _is_fine(detail: Mapping[str, Any]) -> bool:
    # A check that takes no instance out says what is wrong all the same.
    return detail["ready"] and "reason" not in detail
