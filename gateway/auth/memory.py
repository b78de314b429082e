"""A dict that forgets its oldest entry where it would grow beyond its size. Its one rule: reading takes no lock."""

from __future__ import annotations

import threading
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(dict[K, V]):
    """Reads are a dict's; entries come in only by ``put``. With size 0 nothing is kept."""

    __slots__ = ("_lock", "_size")

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._lock = threading.Lock()

    def put(self, key: K, value: V) -> None:
        """Keep ``value``; a key put again counts as new."""
        with self._lock:
            self.pop(key, None)
            self[key] = value
            while len(self) > self._size:
                del self[next(iter(self))]
