"""The refusal of a principal that is over a rate (``contract.md`` 1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.admission.rates.limits import rate_members
from gateway.problems import Problem

if TYPE_CHECKING:
    from gateway.admission.rates.limits import Allowance


class OverRate(Problem):
    """``policy`` is the rate's name in the ``RateLimit`` fields, which the request has; ``retry_after`` is in seconds.

    Without ``retry_after`` no wait helps.
    """

    def __init__(self, policy: str, allowance: Allowance, retry_after: int | None, detail: str = "") -> None:
        headers = {"Retry-After": str(retry_after)} if retry_after else None
        rate = rate_members(policy, allowance.limit, allowance.window_seconds)
        super().__init__("quota-exceeded", detail, headers=headers, rate=rate)
        self.policy = policy
