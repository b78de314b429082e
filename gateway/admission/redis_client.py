from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelManagedConnection, SentinelManagedSSLConnection

from gateway.admission.redis_kept import KeepingRedis, closed_when_broken_off, is_of_the_connection
from gateway.admission.redis_url import PresentUrl, following

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

REDIS_ERRORS: tuple[type[Exception], ...] = (RedisError, ValueError)
"""What redis-py raises. ValueError: the bytes are not Redis."""
_SENTINEL_SCHEMES = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
_SENTINEL_PORT = 26379


def connect(url: str, timeout_seconds: float, url_now: Callable[[], str] | None = None) -> Redis:
    """Short timeouts. Connects at its first use. Raises TypeError or ValueError for unknown options.

    New connections go by ``url_now``, but for Sentinels.

    ``redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]]/SERVICE[/DB][?OPTIONS]`` names Sentinels.
    User and password are the master's. ``sentinel_username`` and ``sentinel_password`` are the Sentinels'.
    """
    options = _client_options(timeout_seconds)
    scheme = url.partition("://")[0]
    if scheme not in _SENTINEL_SCHEMES:
        present = PresentUrl(url_now or (lambda: url))
        return KeepingRedis.from_url(url, connection_class=following(present), **options)
    hosts, service, own = _sentinels(url)
    credentials = {name: own.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    if is_encrypted := _SENTINEL_SCHEMES[scheme] == "rediss":
        own["ssl"] = True
    theirs = {"ssl": True, **{name: value for name, value in own.items() if name.startswith("ssl_")}}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # the library leaves it untyped
        hosts, sentinel_kwargs={**options, **credentials, **(theirs if is_encrypted else {})}, **own, **options
    )
    kind = _asking(SentinelManagedSSLConnection if is_encrypted else SentinelManagedConnection)
    client: Redis = sentinel.master_for(service, redis_class=KeepingRedis, connection_class=kind)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return client


def _client_options(timeout_seconds: float) -> dict[str, Any]:
    return {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": _OnANewConnection(NoBackoff(), 1, supported_errors=(RedisConnectionError, ResponseError)),
    }


def _sentinels(url: str) -> tuple[list[tuple[str, int]], str, dict[str, Any]]:
    """The Sentinels' hosts, the service's name, the master's options."""
    parts = urlsplit(url)
    _, _, hosts = parts.netloc.rpartition("@")
    service, _, database = parts.path.strip("/").partition("/")
    # redis-py reads the rest as it reads any URL; the host is never used.
    credentials = parts.netloc[: -len(hosts)]
    url = f"{_SENTINEL_SCHEMES[parts.scheme]}://{credentials}master/{database}?{parts.query}"
    own: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    for name in ("host", "connection_class"):
        own.pop(name, None)
    return [_host_and_port(host) for host in hosts.split(",")], unquote(service), own


def _host_and_port(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    return parts.hostname or "", parts.port or _SENTINEL_PORT


def _asking(kind: type[Any]) -> type[Any]:
    """It asks the Sentinels whenever it connects, and is closed by what breaks off an exchange, as the library's others are."""

    class Asking(closed_when_broken_off(kind)):  # type: ignore[misc]  # which class it is is known at the start
        def send_packed_command(self, *arguments: Any, **named: Any) -> None:
            # Else the library would connect to the address of before, and ask nobody.
            if not self.is_connected:
                self.connect()
            super().send_packed_command(*arguments, **named)

        # Else an answer that comes after its timeout would be taken for that to the next question.
        def read_response(self, *arguments: Any, disconnect_on_error: bool = True, **named: Any) -> Any:
            return super().read_response(*arguments, disconnect_on_error=disconnect_on_error, **named)

    return Asking


class _OnANewConnection(Retry):
    """Retries once, where a connection is lost, refused, or no longer the master's."""

    # The library has closed the old connection by then. A new one looks the address up again, so it follows a failover.
    def call_with_retry(
        self,
        do: Callable[[], Any],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> Any:
        def may_help(error: Exception) -> bool:
            return is_of_the_connection(error) and (is_retryable is None or is_retryable(error))

        return super().call_with_retry(do, fail, may_help, with_failure_count)
