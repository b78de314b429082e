"""How many bytes of bodies a worker holds at once: the bound on its memory, whatever clients send, and how slowly.

Bodies of requests and, until their callers have taken them, of answers: a body that finds no room is refused, an answer
is not, but what it takes is missing for the bodies that come after it.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# So much of each body is not counted, so that large ones, however slow, never keep small ones out.
FREE_BYTES = 65_536


class BodyMemory:
    """Counts what the bodies of all requests under way hold beyond their free part; none is let in beyond ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._parsing = threading.Lock()
        self.held_bytes = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Around one request: what its body takes is given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held_bytes -= share.counted

    def hold(self, size: int) -> Callable[[], None]:
        """Count an answer of ``size`` bytes, room or not, until the function that is returned is called."""
        counted = max(0, size - FREE_BYTES)
        self.held_bytes += counted

        def give_back() -> None:
            self.held_bytes -= counted

        return give_back

    def parsing(self, size: int) -> AbstractContextManager[object]:
        """Around the time in which a body of ``size`` bytes is objects, ten times as large: of large ones, one at a time."""
        return self._parsing if size > FREE_BYTES else nullcontext()

    def add(self, size: int) -> bool:
        """Whether there is room for so many more; only then they count."""
        if size and self.held_bytes + size > self._most:
            return False
        self.held_bytes += size
        return True


class Share:
    """One body's part; ``counted`` is what of it counts."""

    def __init__(self, held: BodyMemory) -> None:
        self._held = held
        self._size = 0
        self.counted = 0

    def take(self, size: int) -> bool:
        """Whether there is room for so many more bytes."""
        self._size += size
        more = max(0, self._size - FREE_BYTES) - self.counted
        if not self._held.add(more):
            return False
        self.counted += more
        return True
