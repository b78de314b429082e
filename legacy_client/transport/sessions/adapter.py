"""requests' own adapter over watched connections: no retries, no environment."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.wait import wait_for_read

from legacy_client.transport.keep_alive import KeepAlive
from legacy_client.transport.sessions.connections import Attempts, WatchedConnection, WatchedTlsConnection

if TYPE_CHECKING:
    from urllib3._base_connection import BaseHTTPConnection

    from legacy_client.transport.base import Limits
    from legacy_client.transport.sessions.connections import Contexts


class _Pool(HTTPConnectionPool):
    ConnectionCls = WatchedConnection

    def __init__(self, attempts: Attempts, limits: Limits, keep_alive: KeepAlive, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._attempts = attempts
        self._idle_seconds = limits.idle_seconds
        self._max_age_seconds = limits.max_age_seconds
        self._keep_alive = keep_alive

    def _get_conn(self, timeout: float | None = None) -> BaseHTTPConnection:
        connection = super()._get_conn(timeout)
        watched = cast("WatchedConnection", connection)
        watched.attempts, watched.keep_alive = self._attempts, self._keep_alive
        now = time.monotonic()
        # A core may close an idle connection while a request is on its way. Then nobody knows whether it was applied.
        is_old = now - watched.opened_at >= self._max_age_seconds * watched.share_of_age
        if now - watched.idle_since >= self._idle_seconds or is_old:
            connection.close()
        elif watched.was_left_open and not self._keep_alive.is_proven:
            self._doubt(watched, now - watched.idle_since)
        elif watched.was_left_open and watched.sock is None:
            self._keep_alive.closed(now - watched.idle_since)
        return connection

    def _doubt(self, connection: WatchedConnection, rested: float) -> None:
        seconds = self._keep_alive.moment - rested
        if connection.sock is None or (seconds > 0 and not self._keep_alive.is_new):
            connection.close()
        elif seconds > 0 and wait_for_read(connection.sock, seconds):
            self._keep_alive.closed(rested)
            connection.close()
        else:
            self._keep_alive.kept_open()

    def _put_conn(self, conn: BaseHTTPConnection | None) -> None:
        if conn is not None:
            watched = cast("WatchedConnection", conn)
            watched.idle_since = time.monotonic()
            watched.was_left_open = watched.sock is not None
        super()._put_conn(conn)


class _TlsPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = WatchedTlsConnection

    def __init__(self, contexts: Contexts, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._contexts = contexts

    def _get_conn(self, timeout: float | None = None) -> BaseHTTPConnection:
        connection = super()._get_conn(timeout)
        cast("WatchedTlsConnection", connection).contexts = self._contexts
        return connection


class WatchedAdapter(HTTPAdapter):
    """Set ``attempts.current`` in a thread before it sends."""

    def __init__(self, limits: Limits, contexts: Contexts | None) -> None:
        self.attempts = Attempts()
        self._limits = limits
        self._contexts = contexts
        super().__init__(pool_connections=1, pool_maxsize=limits.connections, pool_block=True)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        context = None if self._contexts is None else self._contexts()
        super().init_poolmanager(connections, maxsize, block=block, ssl_context=context, **pool_kwargs)
        own = self.attempts, self._limits, KeepAlive()
        self.poolmanager.pool_classes_by_scheme = {"http": partial(_Pool, *own)}
        if self._contexts is not None:
            self.poolmanager.pool_classes_by_scheme["https"] = partial(_TlsPool, self._contexts, *own)

    def cert_verify(self, conn: Any, url: str, verify: object, cert: object) -> None:
        """Nothing: the context verifies, and requests would add its own bundle of CAs to it."""
