"""Key ids that Keycloak did not know when it was asked. Its one rule: a `kid` asked for twice in vain waits longer.

After the first time it is asked again with the next look-up, since a token may overtake the news of its key.
"""

from __future__ import annotations

import math

from gateway.expiring import Bounded

MOST = 1000
SECONDS = 30.0


class UnknownKids:
    """A bounded memory of unknown ids; reading costs no lock. All times are on the caller's clock."""

    def __init__(self) -> None:
        self._until: Bounded[str, float] = Bounded(MOST)

    def __len__(self) -> int:
        return len(self._until)

    def holds(self, kid: str, now: float) -> bool:
        """Whether asking for ``kid`` is of no use yet."""
        return now < self._until.get(kid, -math.inf)

    def add(self, kid: str, now: float, next_look_up: float) -> None:
        """A look-up that ended ``now`` did not find ``kid``; every caller that waited for it may say so."""
        previous = self._until.get(kid)
        if previous is None:
            self._until.put(kid, next_look_up)
        elif previous < next_look_up:
            self._until.put(kid, now + SECONDS)
