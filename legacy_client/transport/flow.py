from __future__ import annotations

from typing import TYPE_CHECKING

from legacy_client.call_context import Waits

if TYPE_CHECKING:
    from collections.abc import Callable

    from legacy_client.deadline import Deadline


# No dataclass: compiled, that would cost ten times as much.
class Flow:
    """What the requests of one ``send_many`` share.

    ``item_seconds`` bounds each attempt; ``caller`` is whose turn it is, and has
    ``most_in_flight`` at once, 0 without a bound. ``upto()`` says how many requests may leave by
    now. It must not wait, and rises as results are taken. ``waits`` has grown when all is over.
    """

    __slots__ = ("caller", "concurrency", "deadline", "item_seconds", "most_in_flight", "upto", "waits")

    def __init__(
        self,
        *,
        deadline: Deadline,
        concurrency: int,
        item_seconds: float = float("inf"),
        caller: str = "",
        most_in_flight: int = 0,
        upto: Callable[[], int] | None = None,
        waits: Waits | None = None,
    ) -> None:
        self.deadline = deadline
        self.concurrency = concurrency
        self.item_seconds = item_seconds
        self.caller = caller
        self.most_in_flight = most_in_flight
        self.upto = upto
        self.waits = waits or Waits()
