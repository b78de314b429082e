"""What the calls of one batch share."""

# No dataclasses: compiled, they would cost ten times as much.

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from legacy_client.calls import Marks
    from legacy_client.deadline import Deadline


class Waits:
    """Seconds in which all of a batch stood still, each second once.

    ``turns``: it might send and had no turn. ``answers``: the core had not answered. ``repeats``: between two attempts.
    """

    __slots__ = ("answers", "repeats", "turns")

    def __init__(self, turns: float = 0.0, answers: float = 0.0, repeats: float = 0.0) -> None:
        self.turns, self.answers, self.repeats = turns, answers, repeats


class CallContext:
    """``waits`` grow while the calls are sent.

    ``most_in_flight``: calls at once of all batches of ``caller``; 0: no bound.
    ``authorization`` is the caller's own header value. A call's key is ``idempotency_prefix``, a dash and its id, in
    every attempt.
    """

    __slots__ = (
        "authorization",
        "caller",
        "concurrency",
        "deadline",
        "idempotency_prefix",
        "marks",
        "most_in_flight",
        "request_id",
        "traceparent",
        "waits",
    )

    def __init__(
        self,
        *,
        deadline: Deadline,
        concurrency: int,
        most_in_flight: int = 0,
        caller: str = "",
        request_id: str = "",
        traceparent: str = "",
        authorization: str = "",
        idempotency_prefix: str = "",
        marks: Marks | None = None,
        waits: Waits | None = None,
    ) -> None:
        self.deadline = deadline
        self.concurrency = concurrency
        self.most_in_flight = most_in_flight
        self.caller = caller
        self.request_id = request_id
        self.traceparent = traceparent
        self.authorization = authorization
        self.idempotency_prefix = idempotency_prefix
        self.marks = marks
        self.waits = waits or Waits()
