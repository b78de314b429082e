"""Rates in Redis, with timeouts short enough to fall back within a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from limits.storage import RedisStorage

from gateway.admission.redis_client import REDIS_ERRORS, connect

if TYPE_CHECKING:
    from collections.abc import Callable


class SharedRedisStorage(RedisStorage):
    """Raises StorageError of ``limits``."""

    STORAGE_SCHEME = None  # type: ignore[assignment]  # not registered: made here and nowhere by its name

    def __init__(self, url: str, timeout_seconds: float = 0.05, url_now: Callable[[], str] | None = None) -> None:
        self._redis = connect(url, timeout_seconds, url_now)
        # The library ignores the URL where there is a pool.
        super().__init__("redis://", self._redis.connection_pool, key_prefix="gateway:rate", wrap_exceptions=True)

    def initialize_storage(self, uri: str) -> None:
        # The library made a client of its own for the pool.
        self.storage = self._redis
        super().initialize_storage(uri)

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return REDIS_ERRORS

    def close(self) -> None:
        self._redis.connection_pool.disconnect()
