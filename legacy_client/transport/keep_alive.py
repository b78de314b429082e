"""Whether the core keeps a connection open after its answer. Some close it without saying so.

A request sent on such a connection may be lost, so a core is watched until it has proved itself.
"""

from __future__ import annotations

# An answer and the end of its connection may arrive this far apart on a busy machine.
_FIRST_MOMENT = 0.05
_LONG_MOMENT = 0.25
# There may be several cores behind one name, and only some may keep connections.
_PROOFS_AFTER_A_CLOSE = 32


class KeepAlive:
    """``is_proven``: a connection may be used again at once; before that, after ``moment`` seconds at rest.

    ``is_new``: nothing speaks against the core yet.
    """

    __slots__ = ("_missing", "is_new", "is_proven", "moment")

    def __init__(self) -> None:
        self.is_proven = False
        self.is_new = True
        self.moment = _FIRST_MOMENT
        self._missing = 1

    def kept_open(self) -> None:
        """A connection was open after ``moment`` seconds at rest."""
        self._missing -= 1
        self.is_proven = self.is_proven or self._missing <= 0

    def closed(self, seconds: float) -> None:
        """Unannounced, ``seconds`` after its last answer."""
        if seconds < _LONG_MOMENT:
            self.is_proven = self.is_new = False
            self.moment = _LONG_MOMENT
            self._missing = _PROOFS_AFTER_A_CLOSE
