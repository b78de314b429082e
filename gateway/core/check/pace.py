"""How long the check waits, and how much it asks."""

from __future__ import annotations

from dataclasses import dataclass, replace

_RESTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Times are in seconds.

    ``rests`` of a connection; ``key_rest`` before a key is sent once more, and ``key_lines`` new
    connections that it is sent over. A p95 below ``noise`` has not doubled.
    ``settle``: after so long a call that was broken off changes nothing more.
    """

    rests: tuple[float, ...] = _RESTS
    key_rest: float = 60.0
    key_lines: int = 20
    calls_a_connection: int = 100
    levels: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    level_seconds: float = 5.0
    calls_a_level: int = 3_000
    noise: float = 0.02
    settle: float = 5.0

    def up_to(self, longest: float) -> Pace:
        """No rest is longer."""
        rests = tuple(rest for rest in self.rests if rest < longest)
        key_rest, settle = min(self.key_rest, longest), min(self.settle, longest)
        return replace(self, rests=(*rests, longest), key_rest=key_rest, settle=settle)
