from __future__ import annotations

_ARGUMENTS = ", with args beginning with"


class StoreState:
    """Whether a store was reachable at its last use: yes at first. Each method returns whether that changed."""

    def __init__(self) -> None:
        self._is_down = False

    def went_down(self) -> bool:
        was_down, self._is_down = self._is_down, True
        return not was_down

    def came_back(self) -> bool:
        was_down, self._is_down = self._is_down, False
        return was_down


def said(error: Exception) -> str:
    """Without a Redis command's arguments."""
    # Redis repeats the arguments of a command it does not know. Those of AUTH are secret.
    return str(error).partition(_ARGUMENTS)[0]
