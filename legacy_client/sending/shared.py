from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from legacy_client.credentials import CoreCredentials
    from legacy_client.deadline import Deadline
    from legacy_client.sending.reading import AnswerReader
    from legacy_client.sending.retry import RetryPolicy
    from legacy_client.transport.base import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all batches share. Times are in seconds."""

    transport: Transport
    credentials: CoreCredentials
    retries: RetryPolicy
    reader: AnswerReader
    honours_idempotency: bool
    item_seconds: float
    attempt_seconds: float
    clock: Callable[[], float]
    pause: Callable[[Deadline, float], None]
