from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.admission.rates.limits import ratelimit_fields
from gateway.api.over_rate import OverRate

if TYPE_CHECKING:
    from gateway.admission.rates.limits import Allowance, RateLimits
    from gateway.api.request import GatewayRequest
    from gateway.auth.principal import Principal


class Quota:
    """``name`` is the policy in the ``RateLimit`` fields."""

    def __init__(self, name: str, limits: RateLimits) -> None:
        self._name = name
        self._limits = limits

    def charge(self, request: GatewayRequest, principal: Principal, cost: int) -> None:
        """All or nothing. Raises Problem 429."""
        allowance = self._limits.hit(principal.rated_as or principal.id, cost, principal.rate)
        if allowance is None:
            return
        request.add_rate(ratelimit_fields(self._name, allowance))
        if not allowance.allowed:
            raise self._exceeded(allowance)

    def _exceeded(self, allowance: Allowance) -> OverRate:
        if allowance.never_fits:
            detail = f"The request costs more than the whole quota of {allowance.limit}; waiting does not help, send a smaller one."
            return OverRate(self._name, allowance, None, detail)
        return OverRate(self._name, allowance, allowance.retry_after or allowance.window_seconds)
