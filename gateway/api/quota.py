"""Rate limits as the caller sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.admission.rates.limits import ratelimit_fields
from gateway.problems import Problem

if TYPE_CHECKING:
    from gateway.admission.rates.limits import Allowance, RateLimits
    from gateway.api.request import GatewayRequest
    from gateway.auth.principal import Principal


class Quota:
    """``name`` is the unit in the ``RateLimit`` fields."""

    def __init__(self, name: str, limits: RateLimits) -> None:
        self._name = name
        self._limits = limits

    def charge(self, request: GatewayRequest, principal: Principal, cost: int) -> None:
        """Take ``cost``, all or nothing. Raises Problem 429."""
        allowance = self._limits.hit(principal.id, cost, principal.rate)
        if allowance is None:
            return
        fields = ratelimit_fields(self._name, allowance)
        if not allowance.allowed:
            raise _exceeded(allowance, fields)
        request.answer_headers |= fields


def _exceeded(allowance: Allowance, fields: dict[str, str]) -> Problem:
    headers = {**fields, "Retry-After": str(allowance.retry_after or allowance.window_seconds)}
    if allowance.never_fits:
        detail = f"The request costs more than the whole quota of {allowance.limit}; waiting does not help, send a smaller one."
        return Problem("quota-exceeded", detail, headers=headers)
    return Problem("quota-exceeded", headers=headers)
