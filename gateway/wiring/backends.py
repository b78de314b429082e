"""What the service reaches outside its own process: the core, Keycloak and the stores. Tests bring their own."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from gateway.admission.idempotency.policy import ClaimPolicy
from gateway.admission.idempotency.sqlite import SqliteIdempotencyStore
from gateway.admission.rates.limits import RateLimits
from gateway.admission.rates.sqlite import SqliteStorage
from gateway.api import integrations
from gateway.batch import run as batch
from gateway.settings import SettingsError, variable
from gateway.wiring.access import Access, key_records
from gateway.wiring.core import CoreLink

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from limits.storage import Storage

    from gateway.admission.idempotency.errors import StoreUnavailable
    from gateway.admission.idempotency.store import IdempotencyStore
    from gateway.auth.principal import Authenticator
    from gateway.settings import Settings
    from gateway.settings.stores import StoreSettings
    from legacy_client import CoreGate


_FRESH_SECONDS = 2.0


class Core(batch.Core, integrations.Core, Protocol):
    """The legacy core, as the service uses it (``legacy_client.LegacyClient``)."""


@dataclass(frozen=True, kw_only=True)
class Backends:
    """``waiting`` gives the calls not yet sent and the age of the oldest in seconds; ``checks`` are asked for readiness."""

    core: Core
    waiting: Callable[[], tuple[int, float]]
    gate: CoreGate | None = None
    keys_age: Callable[[], float | None] = lambda: None
    keys_file_problem: Callable[[], str] = str
    authenticators: Sequence[Authenticator]
    idempotency: IdempotencyStore
    item_rates: RateLimits
    key_rates: RateLimits
    unsent_rates: RateLimits
    checks: Mapping[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)


def connect(settings: Settings) -> Backends:
    """The real ones. Nothing is awaited: each answers for itself when asked.

    Raises SettingsError where a setting names what cannot be used.
    """
    _check_redis(settings.stores)
    access = Access(settings.access, key_records(settings.stores))
    access.start()
    core = CoreLink(settings.core, settings.budgets, partial(access.core_token, settings.core))
    core.start()
    storage = rate_storage(settings.stores)
    idempotency = idempotency_store(settings)
    return Backends(
        core=core.client,
        waiting=core.transport.waiting,
        gate=core.gate,
        keys_age=access.keys_age,
        keys_file_problem=access.keys_file_problem,
        authenticators=access.authenticators,
        idempotency=idempotency,
        item_rates=RateLimits(settings.stores.rate_limit, storage, name="items"),
        key_rates=RateLimits(settings.stores.key_rate_limit, storage, name="requests"),
        unsent_rates=RateLimits(settings.stores.unsent_rate_limit, storage, name="unsent-kib"),
        checks={
            "core": core.check,
            "keycloak": access.check,
            "idempotency": StoreLook(idempotency.ping).check,
            "api_keys": lambda: _aside(access.keys_file_problem()),
        },
    )


class StoreLook:
    """Readiness: whether the store of idempotency records can be had, looked at once in two seconds at most."""

    def __init__(
        self, ping: Callable[[], StoreUnavailable | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ping = ping
        self._clock = clock
        self._fresh_until = -math.inf
        self._reason = ""

    def check(self) -> dict[str, Any]:
        """The detail; a reason in it takes no instance out."""
        if self._clock() >= self._fresh_until:
            self._fresh_until = self._clock() + _FRESH_SECONDS
            error = self._ping()
            self._reason = error.reason if error else ""
        return _aside(self._reason)


def _aside(reason: str) -> dict[str, Any]:
    """A check that takes no instance out: others would be no better, and most requests do not need it."""
    return {"ready": True, **({"reason": reason} if reason else {})}


def idempotency_store(settings: Settings) -> IdempotencyStore:
    """Redis where it is set, else one SQLite file for the workers of this host."""
    policy = ClaimPolicy(
        ttl_seconds=settings.stores.idempotency_ttl,
        window=2 * settings.core.batch_concurrency,
        repeats_unknown=settings.core.core_honours_idempotency,
    )
    if settings.stores.redis_url:
        # Here and below: a worker without Redis need not carry its client.
        from gateway.admission.idempotency.redis import RedisIdempotencyStore

        return RedisIdempotencyStore(settings.stores.redis_url, policy)
    path = settings.stores.state_dir / "idempotency.sqlite"
    return SqliteIdempotencyStore(path, policy, max_bytes=settings.stores.idempotency_max_bytes)


def rate_storage(settings: StoreSettings) -> Storage:
    """Where rates are counted for all workers: Redis where it is set, else one SQLite file."""
    if settings.redis_url:
        from gateway.admission.rates.redis import SharedRedisStorage

        return SharedRedisStorage(settings.redis_url)
    return SqliteStorage(settings.state_dir / "rates.sqlite")


def _check_redis(settings: StoreSettings) -> None:
    """The options in its URL are ones that its client knows, which would find out with the first request."""
    if settings.redis_url:
        from gateway.admission.redis_client import connect as connect_to_redis

        try:
            connect_to_redis(settings.redis_url, timeout_seconds=1).connection_pool.make_connection()
        except (TypeError, ValueError) as exc:
            # The library's text is left out: it may repeat the value.
            raise SettingsError(f"{variable('redis_url')}: must have no options but those of redis-py") from exc
