from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.batch.batch_claim import BatchClaim
    from gateway.batch.run import BatchRun
    from gateway.batch.summary import Summary
    from gateway.resources.resource import Resource
    from gateway.telemetry.events import BatchKind, ReplayKind
    from legacy_client.calls import Update
    from legacy_client.deadline import Deadline

_REPLAYS: Mapping[str, ReplayKind] = {"replay": "replayed", "resume": "resumed"}


# Each request makes one; frozen, that would cost three times as much.
@dataclass(slots=True)
class UnderWay:
    """What a form makes an answer of. ``report`` is called once, when the run is over."""

    resource: Resource
    calls: Sequence[Update]
    deadline: Deadline
    claim: BatchClaim
    run: BatchRun
    report: Callable[[BatchKind], Summary]

    @property
    def replay(self) -> ReplayKind | None:
        return _REPLAYS.get(self.claim.kind)
