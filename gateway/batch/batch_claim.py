from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol, Self

from gateway.admission.idempotency.journal import Entry
from gateway.admission.idempotency.key import random_prefix
from gateway.batch.item_errors import refused_later
from gateway.batch.outcome import ItemError, restored, stored
from gateway.item_codes import Applied

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.journal import State
    from gateway.batch.item_errors import ItemErrors
    from gateway.batch.outcome import Outcome
    from legacy_client.calls import Marks
    from legacy_client.deadline import Deadline

    Finished = Iterable[tuple[int, Outcome]]

ClaimKind = Literal["none", "fresh", "resume", "replay"]
"""What the key led to: nothing, a first run, the completion of an earlier one, or its stored answer."""


class BatchClaim(Protocol):
    """A batch's hold on its idempotency key, until the end of its ``with`` block (contract 1.5).

    ``to_send``: indexes of the items to send, ascending. ``prefix``: begins the key of each call.
    ``repeats_unknown``: a repeat sends items that may have been applied.
    ``is_final``: every item is decided. ``is_kept``: the store has the record.
    """

    kind: ClaimKind
    to_send: Sequence[int]
    prefix: str
    repeats_unknown: bool

    @property
    def is_final(self) -> bool: ...

    @property
    def is_kept(self) -> bool: ...

    @property
    def stored_bytes(self) -> int:
        """What earlier runs left."""
        ...

    def marks(self, deadline: Deadline) -> Marks | None:
        """Cancels ``deadline`` where no call may leave."""
        ...

    def earlier_outcomes(self, errors: ItemErrors, item_ids: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
        """``(index, outcome)`` of the items that this run does not send."""
        ...

    def wrap(self, errors: ItemErrors, item_ids: Sequence[str], sent: Finished) -> Finished:
        """Keep what was sent: ``(position in to_send, outcome)`` → ``(index, outcome)``."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_error: object) -> None:
        """Gives the key back."""
        ...


class NoClaim:
    """For a batch without a key: keeps nothing."""

    kind: ClaimKind = "none"
    repeats_unknown = is_final = False
    is_kept = True
    stored_bytes = 0

    def __init__(self, items: int) -> None:
        self.to_send: Sequence[int] = range(items)
        self.prefix = random_prefix()

    def marks(self, deadline: Deadline) -> Marks | None:
        return None

    def earlier_outcomes(self, errors: ItemErrors, item_ids: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
        return iter(())

    def wrap(self, errors: ItemErrors, item_ids: Sequence[str], sent: Finished) -> Finished:
        return sent

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None: ...


class PacedClaim(NoClaim):
    """For a batch without a key whose outcomes may be taken slowly.

    At most ``window`` calls have left whose outcomes were not taken.
    """

    def __init__(self, items: int, window: int) -> None:
        super().__init__(items)
        self._window = window
        self._taken = 0

    def marks(self, deadline: Deadline) -> Marks:
        return self

    def begin(self, positions: Sequence[int]) -> None:
        self._taken = 0

    def upto(self) -> int:
        return self._taken + self._window

    def put_back(self, position: int, *, may_have_been_applied: bool) -> None:
        self._taken += 1

    def wrap(self, errors: ItemErrors, item_ids: Sequence[str], sent: Finished) -> Iterator[tuple[int, Outcome]]:
        for finished in sent:
            self._taken += 1
            yield finished


class KeyedClaim:
    def __init__(self, claim: Claim) -> None:
        self.kind: ClaimKind = claim.kind
        self.to_send = claim.to_send
        self.prefix = claim.prefix
        self.repeats_unknown = claim.repeats_unknown
        self._claim = claim
        self._has_begun = False
        self._held_back = 0

    def marks(self, deadline: Deadline) -> Marks:
        self._claim.watch(lambda: deadline.cancel("journal_unavailable"), deadline.stopped)
        return self._claim

    @property
    def is_final(self) -> bool:
        return self._claim.is_final

    @property
    def is_kept(self) -> bool:
        return self._claim.is_kept

    @property
    def stored_bytes(self) -> int:
        return sum(len(entry.payload) for entry in self._claim.stored.values())

    def earlier_outcomes(self, errors: ItemErrors, item_ids: Sequence[str]) -> Iterator[tuple[int, Outcome]]:
        due = set(self.to_send)
        for index, entry in self._claim.stored.items():
            if index not in due:
                self._claim.let_others_run()
                yield index, _outcome(errors, entry.payload, item_ids[index])

    def wrap(self, errors: ItemErrors, item_ids: Sequence[str], sent: Finished) -> Iterator[tuple[int, Outcome]]:
        self._has_begun = True
        return self._claim.keep(sent, partial(self._recorded, errors, item_ids))

    def _recorded(self, errors: ItemErrors, item_ids: Sequence[str], index: int, error: ItemError) -> Outcome:
        """What the item's caller is told."""
        outcome: Outcome = error
        entry, before = Entry(index, _state(error), stored(error)), self._claim.stored.get(index)
        if before and before.state == "unknown":
            # The earlier run may have applied the item, whatever this one did.
            if entry.state == "open":
                entry, outcome = before, _outcome(errors, before.payload, item_ids[index])
            elif error.is_final:
                outcome = refused_later(error)
                entry = Entry(index, "final", stored(outcome))
        self._held_back += _was_held_back(outcome)
        self._claim.record([entry])
        return outcome

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # What never called the core is not kept, so the key is free for any body (contract 1.5).
        was_held_back = self.kind == "fresh" and self._held_back == len(self.to_send)
        if was_held_back or not self._has_begun:
            self._claim.abandon()
        else:
            self._claim.finish()


class ChunkClaim(KeyedClaim):
    """Tells what failed, and what earlier runs left. The record has the rest, and nobody else asks for it."""

    def wrap(self, errors: ItemErrors, item_ids: Sequence[str], sent: Finished) -> Iterator[tuple[int, Outcome]]:
        # Of each item that is told, four generators more would hear.
        return (told for told in super().wrap(errors, item_ids, sent) if not isinstance(told[1], bytes))


def _was_held_back(outcome: Outcome) -> bool:
    return isinstance(outcome, ItemError) and outcome.outcome is Applied.NOT_SENT


def _state(outcome: ItemError) -> State:
    if outcome.is_final:
        return "final"
    return "unknown" if outcome.outcome is Applied.UNKNOWN else "open"


def _outcome(errors: ItemErrors, payload: bytes, item_id: str) -> Outcome:
    if not payload:
        return errors.interrupted(item_id)
    return restored(payload)
