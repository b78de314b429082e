"""How the gateway talks to Redis: short timeouts, one more try on a connection that the server closed, no other."""

from __future__ import annotations

from typing import Any

from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

REDIS_ERRORS: tuple[type[Exception], ...] = (RedisError, ValueError)
"""What redis-py raises; ValueError where the server's bytes are not Redis."""


def client_options(timeout_seconds: float) -> dict[str, Any]:
    """Arguments for ``redis.from_url``."""
    return {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    }
