from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.api.body_limits import BodyLimits
    from gateway.api.capacity import Capacity
    from gateway.api.guard import Guard
    from gateway.api.idempotency import Claims
    from gateway.api.jobs.one_part import OnePart
    from gateway.api.quota import Quota
    from gateway.api.unsent import UnsentRate
    from gateway.audit.trail import Trail
    from gateway.batch.run import Core
    from gateway.telemetry.traces import Traces


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkServices:
    """What all bulk views share; times in seconds.

    ``log_failed_items``: failed items of a batch that get a log line. ``one_part`` is None where no job can be had,
    ``trail`` where no audit trail is kept.
    """

    capacity: Capacity
    guard: Guard
    quota: Quota
    unsent: UnsentRate
    claims: Claims
    core: Core
    body_limits: BodyLimits
    deadline_seconds: float
    concurrency: int
    core_concurrency: int
    traces: Traces
    log_failed_items: int
    let_others_run: Callable[[], None]
    trail: Trail | None
    one_part: OnePart | None
