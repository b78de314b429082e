"""Whether a store can be had, as its last use showed: a change is worth a line in the log, what follows it is not."""

from __future__ import annotations

_ARGUMENTS = ", with args beginning with"


class StoreState:
    """Up until told otherwise; each method says whether that changed."""

    def __init__(self) -> None:
        self._is_down = False

    def went_down(self) -> bool:
        """True where the store was up until now."""
        was_down, self._is_down = self._is_down, True
        return not was_down

    def came_back(self) -> bool:
        """True where the store was down until now."""
        was_down, self._is_down = self._is_down, False
        return was_down


def said(error: Exception) -> str:
    """What an error says, for the log. Redis repeats the arguments of a command it does not know: AUTH's are secret."""
    return str(error).partition(_ARGUMENTS)[0]
