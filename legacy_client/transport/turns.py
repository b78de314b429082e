"""Whose turn it is: owners in turn, the batches of an owner in turn, the items of a batch in order. Pure state."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator


class Queued(Protocol):
    """A batch, as the queue sees it."""

    owner: str

    def is_ready(self) -> bool:
        """Whether it has an unsent item and its own bound lets it send one now."""
        ...


Batch = TypeVar("Batch", bound=Queued)


class Turns(Generic[Batch]):
    """A fair queue: a small batch never waits behind a large one, nor an owner behind another's many batches."""

    def __init__(self) -> None:
        self._owners: dict[str, deque[Batch]] = {}

    def enter(self, batch: Batch) -> None:
        """Queue a batch; its owner's place stays where it is."""
        self._owners.setdefault(batch.owner, deque()).append(batch)

    def leave(self, batch: Batch) -> None:
        """Forget a batch, if it is still here."""
        batches = self._owners.get(batch.owner)
        if batches and batch in batches:
            batches.remove(batch)
            if not batches:
                del self._owners[batch.owner]

    def next(self) -> Batch | None:
        """The batch that may send one item now; it and its owner then go to the end of their queues."""
        for owner, batches in self._owners.items():
            for _ in range(len(batches)):
                batch = batches[0]
                batches.rotate(-1)
                if batch.is_ready():
                    self._owners[owner] = self._owners.pop(owner)
                    return batch
        return None

    def __iter__(self) -> Iterator[Batch]:
        """All queued batches."""
        return (batch for batches in self._owners.values() for batch in batches)
