from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.admission.idempotency.policy import ClaimPolicy
from gateway.admission.idempotency.sqlite_store import SqliteIdempotencyStore
from gateway.admission.rates.limits import RateLimits
from gateway.admission.rates.sqlite_rates import SqliteStorage
from gateway.settings.secrets import secret_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.admission.idempotency.errors import StoreUnavailable
    from gateway.admission.idempotency.store import IdempotencyStore
    from gateway.admission.rates.redis_rates import SharedRedisStorage
    from gateway.settings import Settings
    from gateway.settings.stores import StoreSettings

_FRESH_SECONDS = 2.0


class Stores:
    """Opens nothing before its first use."""

    def __init__(self, settings: Settings, pause: Callable[[], None] | None = None) -> None:
        """``pause`` is that of ``idempotency_store``."""
        self.idempotency = idempotency_store(settings, pause)
        self._look = StoreLook(self.idempotency.ping)
        storage = rate_storage(settings.stores)
        self._close_rates = storage.close
        self.item_rates = RateLimits(settings.stores.rate_limit, storage, name="items")
        self.key_rates = RateLimits(settings.stores.key_rate_limit, storage, name="requests")
        self.unsent_rates = RateLimits(settings.stores.unsent_rate_limit, storage, name="unsent-kib")

    def check(self) -> dict[str, Any]:
        return self._look.check()

    def close(self) -> None:
        self.idempotency.close()
        self._close_rates()


class StoreLook:
    """Whether idempotency records can be kept, checked at most every two seconds."""

    def __init__(
        self, ping: Callable[[], StoreUnavailable | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ping = ping
        self._clock = clock
        self._fresh_until = -math.inf
        self._reason = ""

    def check(self) -> dict[str, Any]:
        if self._clock() >= self._fresh_until:
            self._fresh_until = self._clock() + _FRESH_SECONDS
            error = self._ping()
            self._reason = error.reason if error else ""
        return ready_in_spite_of(self._reason)


def ready_in_spite_of(reason: str) -> dict[str, Any]:
    # Never ends readiness: other instances share the store, and most requests do not need it.
    return {"ready": True, **({"reason": reason} if reason else {})}


def idempotency_store(settings: Settings, pause: Callable[[], None] | None = None) -> IdempotencyStore:
    """Redis if set, else one SQLite file per host, where batches write together after a ``pause``."""
    policy = ClaimPolicy(
        ttl_seconds=settings.stores.idempotency_ttl,
        window=2 * settings.core.batch_concurrency,
        in_flight=settings.core.batch_concurrency,
        repeats_unknown=settings.core.core_honours_idempotency,
    )
    if settings.stores.redis_url:
        # Here and below: a worker without Redis need not load its client.
        from gateway.admission.idempotency.redis_store import RedisIdempotencyStore

        return RedisIdempotencyStore(settings.stores.redis_url, policy, url_now=redis_url_now(settings.stores))
    path = settings.stores.state_dir / "idempotency.sqlite"
    return SqliteIdempotencyStore(path, policy, max_bytes=settings.stores.idempotency_max_bytes, pause=pause)


def redis_url_now(settings: StoreSettings) -> Callable[[], str]:
    """As its file has it now."""
    return partial(secret_now, settings.redis_url)


def rate_storage(settings: StoreSettings) -> SharedRedisStorage | SqliteStorage:
    """Redis if set, else one SQLite file per host."""
    if settings.redis_url:
        from gateway.admission.rates.redis_rates import SharedRedisStorage

        return SharedRedisStorage(settings.redis_url, url_now=redis_url_now(settings))
    return SqliteStorage(settings.state_dir / "rates.sqlite")
