from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.telemetry.details import BatchDetails
    from gateway.telemetry.events import InvalidRequest, ReplayKind


# No dataclass: compiled, that would cost ten times as much.
class LogNotes:
    """What an answer tells the log. ``policy`` is the rate of a 429.

    ``sent_bytes`` counts where the answer has no length.
    """

    __slots__ = ("batch", "invalid", "policy", "problem", "replay", "sent_bytes")

    def __init__(
        self,
        *,
        problem: str = "",
        invalid: InvalidRequest | None = None,
        policy: str = "",
        replay: ReplayKind | None = None,
        batch: BatchDetails | None = None,
        sent_bytes: int = 0,
    ) -> None:
        self.problem = problem
        self.invalid = invalid
        self.policy = policy
        self.replay = replay
        self.batch = batch
        self.sent_bytes = sent_bytes
