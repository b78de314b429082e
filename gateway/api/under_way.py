from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.batch.batch_claim import BatchClaim
    from gateway.batch.run import BatchRun
    from gateway.batch.summary import Summary
    from gateway.resources.resource import Resource
    from gateway.telemetry.events import BatchKind
    from legacy_client.calls import Update
    from legacy_client.deadline import Deadline


# No dataclass: compiled, that would cost ten times as much.
class UnderWay:
    """What a form makes an answer of. ``report`` is called once, when the run is over."""

    __slots__ = ("calls", "claim", "deadline", "report", "resource", "run")

    def __init__(
        self,
        resource: Resource,
        calls: Sequence[Update],
        deadline: Deadline,
        claim: BatchClaim,
        run: BatchRun,
        report: Callable[[BatchKind], Summary],
    ) -> None:
        self.resource = resource
        self.calls = calls
        self.deadline = deadline
        self.claim = claim
        self.run = run
        self.report = report
