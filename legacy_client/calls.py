"""What the core is asked, in the core's words. Frozen shapes; nothing here sends anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from legacy_client.deadline import Deadline


class Update(NamedTuple):
    """A change of one thing: its ``id`` as text, ``body`` a JSON object of fields by legacy name.

    A batch is held in this form until it has left: a tenth of what its fields take as objects.
    """

    id: str
    body: bytes

    @classmethod
    def of(cls, item_id: str, fields: Mapping[str, object]) -> Update:
        """The update of ``fields``. Raises TypeError for what JSON cannot carry."""
        # A copy of just its size: what orjson gives keeps the buffer that it was written in, of 4 KiB and more.
        return cls(item_id, b"%b" % orjson.dumps(fields))


class Marks(Protocol):
    """Whoever writes down that calls leave before they do. Positions are those in the batch."""

    def begin(self, positions: Sequence[int]) -> None:
        """A round of attempts at these calls begins, in this order. May wait."""
        ...

    def upto(self) -> int:
        """How many of the round may leave by now: asked for each call, so it must not wait. It never falls in a round.

        Where calls wait for it, it has to rise with the results that are taken, or the deadline has to be cancelled.
        """
        ...

    def put_back(self, position: int, *, may_have_been_applied: bool) -> None:
        """An attempt ended, and the call may be made again; its result is to come. May wait."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """What all calls of one batch share.

    ``caller`` is whose turn it is when several batches wait. ``authorization`` is the caller's Authorization value, for
    the credential that forwards it. The key of a call is ``idempotency_prefix`` + ``-`` + its id, the same over its
    retries. ``marks`` says of each call that it may leave.
    """

    deadline: Deadline
    concurrency: int
    caller: str = ""
    request_id: str = ""
    traceparent: str = ""
    authorization: str = ""
    idempotency_prefix: str = ""
    marks: Marks | None = None
