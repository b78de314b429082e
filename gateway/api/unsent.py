from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.admission.rates.limits import ratelimit_fields
from gateway.api.over_rate import OverRate
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from gateway.admission.rates.limits import Allowance, RateLimits
    from gateway.api.request import GatewayRequest
    from gateway.auth.principal import Principal

    Take = Callable[[int], None]

_REFUSED = frozenset({400, 409, 413})
_POLICY = "unsent-kib"
_KIB = 1024
# Principals over the rate that are remembered, before a clean-up.
_MOST = 10_000


class UnsentRate:
    """Charges, in KiB and each worker on its own, what is read and not sent on.

    That is refused bodies, dry runs and repeats.
    """

    def __init__(self, limits: RateLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._over: dict[str, tuple[float, Allowance]] = {}

    def check(self, request: GatewayRequest, principal: Principal) -> None:
        """Raises Problem 429."""
        if not self._over or principal.id not in self._over:
            return
        until, allowance = self._over[principal.id]
        left = math.ceil(until - self._clock())
        if left <= 0:
            self._over.pop(principal.id, None)
            return
        detail = "Too much was sent that was refused, repeated or only rehearsed. Nothing of this request was read."
        request.add_rate(ratelimit_fields(_POLICY, replace(allowance, reset_seconds=left)))
        raise OverRate(_POLICY, allowance, left, detail)

    def charged(self, request: GatewayRequest, principal: Principal, take: Take) -> AbstractContextManager[Take]:
        """A refusal with 400, 409 or 413 charges the body."""
        return _Charged(self, request, principal, take)

    def charge(self, request: GatewayRequest, principal: Principal, size: int) -> None:
        """``size`` is in bytes. The answer shows what is left."""
        allowance = self._hit(principal, size)
        if allowance is not None:
            request.add_rate(ratelimit_fields(_POLICY, allowance))

    def _hit(self, principal: Principal, size: int) -> Allowance | None:
        allowance = self._limits.hit(principal.id, 1 + size // _KIB)
        return allowance if allowance is None or allowance.allowed else self._shut_out(principal, allowance)

    def _shut_out(self, principal: Principal, allowance: Allowance) -> Allowance:
        if len(self._over) >= _MOST:
            self._forget()
        seconds = allowance.retry_after or allowance.window_seconds
        # The counter takes nothing of what does not fit, so it may say that all is left.
        allowance = replace(allowance, remaining=0, reset_seconds=seconds)
        self._over[principal.id] = self._clock() + seconds, allowance
        return allowance

    def charge_repeat(self, request: GatewayRequest, principal: Principal, size: int, stored: int) -> None:
        """Charges the larger of the body and what the repeat brings back. A first run has nothing ``stored``."""
        if stored:
            self.charge(request, principal, max(size, stored))

    def charge_over(self, principal: Principal, size: int) -> None:
        """Another rate refused the request: its body of ``size`` bytes is charged. The answer shows that rate."""
        if size:
            self._hit(principal, size)

    def _forget(self) -> None:
        now = self._clock()
        self._over = {name: over for name, over in self._over.items() if over[0] > now}


# A generator's context manager costs three times as much.
class _Charged:
    def __init__(self, rate: UnsentRate, request: GatewayRequest, principal: Principal, take: Take) -> None:
        self._rate = rate
        self._request = request
        self._principal = principal
        self._take_uncharged = take
        self._size = 0

    def __enter__(self) -> Take:
        return self._take

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Problem) and error.status in _REFUSED:
            self._rate.charge(self._request, self._principal, self._size)

    def _take(self, more: int) -> None:
        self._size += more
        self._take_uncharged(more)
