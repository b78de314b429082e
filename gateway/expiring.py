"""Values that hold for a while, and a pause after a failure."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

K = TypeVar("K")
V = TypeVar("V")


class Bounded(dict[K, V]):
    """A dict of bounded size: it forgets its oldest entries. Reading takes no lock.

    Use ``put`` to write. With size 0 nothing is kept.
    """

    __slots__ = ("_lock", "_size")

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._lock = threading.Lock()

    def put(self, key: K, value: V) -> None:
        """A key put again counts as new."""
        with self._lock:
            self.pop(key, None)
            self[key] = value
            while len(self) > self._size:
                del self[next(iter(self))]


class Expiring(Generic[K, V]):
    """Bounded; each value holds up to a time of ``clock``."""

    def __init__(self, size: int, clock: Callable[[], float]) -> None:
        self._entries: Bounded[K, tuple[float, V]] = Bounded(size)
        self._clock = clock

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        entry = self._entries.get(key)
        return entry[1] if entry is not None and self._clock() < entry[0] else None

    def put(self, key: K, value: V, until: float) -> None:
        self._entries.put(key, (until, value))


class CoolDown:
    """A pause of ``seconds`` after a failure, so that not every caller pays for it."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._over_at = -math.inf

    @property
    def is_over(self) -> bool:
        return self._clock() >= self._over_at

    def begin(self) -> None:
        self._over_at = self._clock() + self._seconds
