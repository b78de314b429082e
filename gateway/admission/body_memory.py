"""Bounds the bytes of bodies that a worker holds, whatever clients send and however slowly.

Requests' bodies without room are refused. Answers never are, but they leave less room.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# These bytes of each body are not counted: large, slow bodies must not keep small ones out.
FREE_BYTES = 65_536
_AT_ONCE: AbstractContextManager[object] = nullcontext()


class BodyMemory:
    """Counts what bodies hold beyond FREE_BYTES each. ``most`` bounds the sum for requests."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._parsing = threading.Lock()
        self.held_bytes = 0

    def share(self) -> Share:
        """Of one body, until it is closed."""
        return Share(self)

    def hold(self, size: int) -> Callable[[], None]:
        """Until the returned function is called."""
        counted = max(0, size - FREE_BYTES)
        self.held_bytes += counted
        return partial(self.give_back, counted)

    def parsing(self, size: int) -> AbstractContextManager[object]:
        """One large body at a time."""
        # Parsed, a body takes ten times its bytes.
        return self._parsing if size > FREE_BYTES else _AT_ONCE

    def add(self, size: int) -> bool:
        """Whether there was room, which is then taken."""
        if size and self.held_bytes + size > self._most:
            return False
        self.held_bytes += size
        return True

    def give_back(self, size: int) -> None:
        self.held_bytes -= size


class Share:
    def __init__(self, held: BodyMemory) -> None:
        self._held = held
        self._size = 0
        self._counted = 0

    def close(self) -> None:
        """Gives back all."""
        if self._counted:
            self._held.give_back(self._counted)
            self._counted = 0

    def take(self, size: int) -> bool:
        self._size += size
        if self._size <= FREE_BYTES:
            return True
        more = self._size - FREE_BYTES - self._counted
        if not self._held.add(more):
            return False
        self._counted += more
        return True
