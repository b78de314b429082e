"""Key ids that Keycloak did not know. One asked for twice in vain waits longer.

After the first time, the next look-up asks again: a token may come before its key.
"""

from __future__ import annotations

import math

from gateway.expiring import Bounded

MOST = 1000
SECONDS = 30.0


class UnknownKids:
    """Bounded, and read without a lock. Times are on the caller's clock."""

    def __init__(self) -> None:
        self._until: Bounded[str, float] = Bounded(MOST)

    def __len__(self) -> int:
        return len(self._until)

    def holds(self, kid: str, now: float) -> bool:
        """Whether it is too early to ask for ``kid`` again."""
        return now < self._until.get(kid, -math.inf)

    def add(self, kid: str, now: float, next_look_up: float) -> None:
        """Called by every caller that waited for a look-up without ``kid``."""
        previous = self._until.get(kid)
        if previous is None:
            self._until.put(kid, next_look_up)
        elif previous < next_look_up:
            self._until.put(kid, now + SECONDS)
