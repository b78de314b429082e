from __future__ import annotations

from random import SystemRandom

_LEAST_SHARE = 0.8
# The generator that all in a process share may be seeded by others.
_chance = SystemRandom().uniform


def share_of_age() -> float:
    """Of the greatest age, for one connection: chance spreads the ends of those that were opened together."""
    return _chance(_LEAST_SHARE, 1.0)
