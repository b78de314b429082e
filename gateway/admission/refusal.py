from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RefusalReason = Literal["draining", "too_many_batches", "too_many_of_one", "too_many_bytes", "queue_too_old"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """``retry_after`` is in whole seconds."""

    reason: RefusalReason
    retry_after: int = 1
