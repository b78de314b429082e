from __future__ import annotations

from collections import deque
from typing import Any, Protocol


class Member(Protocol):
    unsent: int
    in_flight: int


class Lane(deque[Any]):
    """The batches of a caller that wait for a turn. ``most`` bounds its calls in flight; 0: no bound.

    ``is_parked``: it waits for one of its own calls to end, and not for a turn.
    """

    __slots__ = ("_members", "is_parked", "most")

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self.is_parked = False
        self._members: list[Member] = []

    def admit(self, batch: Member, most: int) -> None:
        self.most = most
        if most:
            self._members = [each for each in self._members if each.unsent or each.in_flight]
            self._members.append(batch)

    def is_full(self) -> bool:
        return 0 < self.most <= sum(each.in_flight for each in self._members)
