"""Rate limits as the caller sees them: a request is admitted whole or refused whole, before its first call to the core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import after_this_request

from gateway.api.problems import Problem

if TYPE_CHECKING:
    from flask import Response

    from gateway.admission.rates import Allowance, RateLimiter
    from gateway.auth.principal import Principal


class Quota:
    """Charges a principal; without a limiter nothing is counted."""

    def __init__(self, limiter: RateLimiter | None) -> None:
        self._limiter = limiter

    def charge(self, principal: Principal, cost: int) -> None:
        """Take ``cost`` from the principal's quota; every answer then says what is left. Raises Problem 429."""
        if self._limiter is None:
            return
        allowance = self._limiter.hit(principal.id, cost, principal.rate)
        fields = allowance.fields()
        if not allowance.allowed:
            raise _exceeded(allowance, fields)

        @after_this_request
        def tell(response: Response) -> Response:
            response.headers.update(fields)
            return response


def _exceeded(allowance: Allowance, fields: dict[str, str]) -> Problem:
    if allowance.never_fits:
        detail = f"The request costs more than the whole quota of {allowance.limit}; send a smaller one."
        return Problem("quota-exceeded", detail, headers=fields)
    return Problem("quota-exceeded", headers={**fields, "Retry-After": str(allowance.retry_after)})
