"""Whether the core keeps open what it has answered on: some close after each answer and do not say so.

The next request on such a connection may be lost with nobody knowing its fate. So a core is watched before it is
trusted, and one that closes within moments of its answer gets new connections until it proves otherwise.
"""

from __future__ import annotations

# An answer and the end of its connection leave a core together, and may arrive as far apart as this on a busy machine.
_FIRST_MOMENT = 0.05
_LONG_MOMENT = 0.25
# Behind one name there may be several cores, of which some keep their connections open.
_PROOFS_AFTER_A_CLOSE = 32


class KeepAlive:
    """What is known of one core. ``is_proven``: a connection may be used again at once.

    Until then it is used again only after ``moment`` seconds at rest. ``is_new``: nothing speaks against the core yet,
    so a connection at rest is worth waiting for.
    """

    __slots__ = ("_missing", "is_new", "is_proven", "moment")

    def __init__(self) -> None:
        self.is_proven = False
        self.is_new = True
        self.moment = _FIRST_MOMENT
        self._missing = 1

    def kept_open(self) -> None:
        """A connection was open and silent ``moment`` seconds after its answer, or later."""
        self._missing -= 1
        self.is_proven = self.is_proven or self._missing <= 0

    def closed(self, seconds: float) -> None:
        """The core closed a connection, unannounced, this long after its last answer on it."""
        if seconds < _LONG_MOMENT:
            self.is_proven = self.is_new = False
            self.moment = _LONG_MOMENT
            self._missing = _PROOFS_AFTER_A_CLOSE
