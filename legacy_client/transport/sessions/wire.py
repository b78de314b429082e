"""requests' stock adapter with eyes: each attempt knows whether a byte of it can have left, and can be cut off.

Its profile is safe: no retries, no environment, no trust but the given context's, and idle connections dropped before the core does.
"""

from __future__ import annotations

import http.client
import threading
import time
from functools import partial
from random import uniform
from typing import TYPE_CHECKING, Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.wait import wait_for_read

from legacy_client.transport.keep_alive import KeepAlive
from legacy_client.transport.sessions.attempt import AttemptOver

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable
    from io import BufferedIOBase

    from urllib3 import HTTPResponse
    from urllib3._base_connection import BaseHTTPConnection

    from legacy_client.transport.base import Limits
    from legacy_client.transport.sessions.attempt import Attempt

    Contexts = Callable[[], ssl.SSLContext]


# A connection's greatest age is shortened by up to a fifth, so that those opened together do not end together.
_LEAST_SHARE = 0.8


class Attempts(threading.local):
    """The attempt that the current thread works on."""

    current: Attempt | None = None


class _Head:
    """The stream while the head is read: http.client takes the end of the stream for the end of the head."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream = stream

    def readline(self, limit: int) -> bytes:
        line = self._stream.readline(limit)
        if len(line) < limit and not line.endswith(b"\n"):
            raise http.client.RemoteDisconnected("end of stream within the head")
        return line

    def close(self) -> None:
        self._stream.close()


class FinalResponse(http.client.HTTPResponse):
    """http.client's response, with a whole head, and past the interim answers (RFC 9110 section 15.2) but 100."""

    fp: Any

    def begin(self) -> None:
        stream, self.fp = self.fp, _Head(self.fp)
        try:
            super().begin()
        finally:
            self.fp = stream

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = cast("tuple[str, int, str]", super()._read_status())  # type: ignore[misc]  # typeshed omits it
            if status == http.client.SWITCHING_PROTOCOLS:
                raise http.client.UnknownProtocol("a switch of protocols, unasked")
            if not 100 < status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _Watched(HTTPConnection):
    """Tells the current attempt what is about to happen."""

    response_class = FinalResponse
    attempts: Attempts
    keep_alive: KeepAlive
    idle_since = opened_at = float("inf")
    share_of_age = 1.0
    was_left_open = False

    def connect(self) -> None:
        if self.attempts.current is not None:
            self.attempts.current.connecting()
        self.was_left_open = False
        super().connect()
        self.opened_at = time.monotonic()
        self.share_of_age = uniform(_LEAST_SHARE, 1.0)  # noqa: S311 -- no secret

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        try:
            return super().getresponse()
        except ConnectionError:
            if self.was_left_open:
                self.keep_alive.closed(time.monotonic() - self.idle_since)
            raise

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        try:
            if self.attempts.current is not None:
                self.attempts.current.connected(sock)
        except AttemptOver:
            sock.close()
            raise
        return sock

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        attempt = self.attempts.current
        if attempt is not None and self.sock is not None:
            attempt.sending(self.sock)
            self.sock.settimeout(attempt.seconds_left())
        super().send(data)


class _WatchedTls(_Watched, HTTPSConnection):
    """The same over TLS; its handshake is part of connecting, with the files of TLS as they are then."""

    contexts: Contexts

    def connect(self) -> None:
        self.ssl_context = self.contexts()
        super().connect()


class _Pool(HTTPConnectionPool):
    """A pool that knows how long its connections were idle, how old they are, and what the core is trusted with."""

    ConnectionCls = _Watched

    def __init__(self, attempts: Attempts, limits: Limits, keep_alive: KeepAlive, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._attempts = attempts
        self._idle_seconds = limits.idle_seconds
        self._max_age_seconds = limits.max_age_seconds
        self._keep_alive = keep_alive

    def _get_conn(self, timeout: float | None = None) -> BaseHTTPConnection:
        connection = super()._get_conn(timeout)
        watched = cast("_Watched", connection)
        watched.attempts, watched.keep_alive = self._attempts, self._keep_alive
        now = time.monotonic()
        # A core that closes idle connections may do so while a request is on its way: then nobody knows its fate.
        is_old = now - watched.opened_at >= self._max_age_seconds * watched.share_of_age
        if now - watched.idle_since >= self._idle_seconds or is_old:
            connection.close()
        elif watched.was_left_open and not self._keep_alive.is_proven:
            self._doubt(watched, now - watched.idle_since)
        elif watched.was_left_open and watched.sock is None:
            self._keep_alive.closed(now - watched.idle_since)
        return connection

    def _doubt(self, connection: _Watched, rested: float) -> None:
        """Close a connection that may be about to end; nothing that was sent tells when it is not."""
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
            watched = cast("_Watched", conn)
            watched.idle_since = time.monotonic()
            watched.was_left_open = watched.sock is not None
        super()._put_conn(conn)


class _TlsPool(_Pool, HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = _WatchedTls

    def __init__(self, contexts: Contexts, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._contexts = contexts

    def _get_conn(self, timeout: float | None = None) -> BaseHTTPConnection:
        connection = super()._get_conn(timeout)
        cast("_WatchedTls", connection).contexts = self._contexts
        return connection


class WatchedAdapter(HTTPAdapter):
    """Set ``attempts.current`` in a thread before it sends."""

    def __init__(self, limits: Limits, contexts: Contexts | None) -> None:
        self.attempts = Attempts()
        self._limits = limits
        self._contexts = contexts
        super().__init__(pool_connections=1, pool_maxsize=limits.connections, pool_block=True)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """Pools of watched connections, with our own TLS context."""
        context = None if self._contexts is None else self._contexts()
        super().init_poolmanager(connections, maxsize, block=block, ssl_context=context, **pool_kwargs)
        own = self.attempts, self._limits, KeepAlive()
        self.poolmanager.pool_classes_by_scheme = {"http": partial(_Pool, *own)}
        if self._contexts is not None:
            self.poolmanager.pool_classes_by_scheme["https"] = partial(_TlsPool, self._contexts, *own)

    def cert_verify(self, conn: Any, url: str, verify: object, cert: object) -> None:
        """Nothing: the context verifies, and requests would add its own bundle of CAs to it."""
