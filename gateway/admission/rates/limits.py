"""Rate limits per principal, in items or requests: all or nothing.

The ``limits`` library counts in a sliding window. Without its storage each worker counts for itself.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from gateway.admission.outage import StoreState, said
from gateway.expiring import CoolDown
from gateway.rate_text import RATE_FORM, match_rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from limits.storage import SlidingWindowCounterSupport, Storage

_log = logging.getLogger(__name__)

_UNITS: dict[str, type[RateLimitItem]] = {
    "second": RateLimitItemPerSecond,
    "minute": RateLimitItemPerMinute,
    "hour": RateLimitItemPerHour,
}
_PAUSE_SECONDS = 1.0
_SMALL = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Times are in whole seconds.

    ``remaining`` of ``limit`` may be used now, and more in ``reset_seconds``.
    A refused request fits in ``retry_after`` if nothing else is counted before.
    ``never_fits``: it asks for more than ``limit``.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int
    window_seconds: int
    retry_after: int | None = None
    never_fits: bool = False


@functools.lru_cache(maxsize=1024)
def parse_rate(text: str, name: str = "") -> RateLimitItem:
    """``COUNT/second|minute|hour``. Raises ValueError with what is allowed."""
    match = match_rate(text)
    if match is None:
        raise ValueError(f"must be {RATE_FORM}")
    return _UNITS[match[2]](int(match[1]), namespace=name)


class RateLimits:
    """``limit`` is for principals without their own. ``name`` separates kinds of limits."""

    def __init__(self, limit: str, storage: Storage, *, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._name = name
        self._shared = _Counters(storage)
        self._local: _Counters | None = None
        self._state = StoreState()
        self._cool_down = CoolDown(_PAUSE_SECONDS, clock)
        if limit:
            parse_rate(limit, name)

    def hit(self, principal_id: str, cost: int = 1, limit: str = "") -> Allowance | None:
        """All or nothing. None: no limit. Raises ValueError for a bad ``limit``."""
        rate = limit or self._limit
        if not rate:
            return None
        item = parse_rate(rate, self._name)
        # A digest has a fixed length, and no principal can be read from the storage.
        name = hashlib.blake2b(principal_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        if self._cool_down.is_over:
            try:
                allowance = self._shared.hit(item, name, cost)
            except StorageError as exc:
                self._went_down(exc)
            else:
                self._came_back()
                return allowance
        self._local = self._local or _Counters(MemoryStorage())
        return self._local.hit(item, name, cost)

    def policy(self, unit: str, limit: str = "") -> dict[str, object] | None:
        """How much of ``unit`` in how many seconds, for a principal with its own ``limit`` or none. None: no limit."""
        rate = limit or self._limit
        if not rate:
            return None
        item = parse_rate(rate, self._name)
        return rate_members(unit, item.amount, item.get_expiry())

    def _went_down(self, error: StorageError) -> None:
        self._cool_down.begin()
        if self._state.went_down():
            _log.warning("rate_store_down", extra={"reason": said(error), "counting": "each worker for itself"})

    def _came_back(self) -> None:
        if self._state.came_back():
            _log.warning("rate_store_back")


class _Counters:
    def __init__(self, storage: Storage) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._windows = cast("SlidingWindowCounterSupport", storage)

    def hit(self, item: RateLimitItem, name: str, cost: int) -> Allowance:
        allowed = cost <= item.amount and self._limiter.hit(item, name, cost=cost)
        window = item.get_expiry()
        previous, previous_left, current, current_left = self._windows.get_sliding_window(item.key_for(name), window)
        ends = current_left - window if current else previous_left
        used = _Used(previous, current, max(0.0, ends), window)
        never_fits = cost > item.amount
        retry_after = None if allowed or never_fits else used.wait(item.amount - cost)
        return Allowance(
            allowed=allowed,
            limit=item.amount,
            remaining=max(0, item.amount - int(used.now())),
            reset_seconds=retry_after or math.ceil(used.ends),
            window_seconds=window,
            retry_after=retry_after,
            never_fits=never_fits,
        )


@dataclass(frozen=True, slots=True)
class _Used:
    """``previous`` hits weigh less and less until ``ends`` seconds from now."""

    previous: int
    current: int
    ends: float
    window: int

    def now(self) -> float:
        return self.previous * self.ends / self.window + self.current

    def wait(self, most: int) -> int:
        """Whole seconds, from 1 to ``window``."""
        # The hits of the window before can weigh for almost one more window.
        return min(self.window, max(1, math.ceil(self.seconds_until(most))))

    def seconds_until(self, most: int) -> float:
        """Rounded down."""
        if int(self.now()) <= most:
            return 0.0
        weight = most + 1 - _SMALL
        if self.current <= most:
            return self.ends - (weight - self.current) * self.window / self.previous
        return self.ends + self.window * (1 - weight / self.current)


def rate_members(unit: str, limit: int, seconds: int) -> dict[str, object]:
    """A rate in an answer: ``limit`` of ``unit`` in so many seconds."""
    return {"unit": unit, "limit": limit, "seconds": seconds}


def ratelimit_fields(name: str, allowance: Allowance) -> dict[str, str]:
    """``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers-10)."""
    return {
        "RateLimit-Policy": f'"{name}";q={allowance.limit};w={allowance.window_seconds}',
        "RateLimit": f'"{name}";r={allowance.remaining};t={allowance.reset_seconds}',
    }
