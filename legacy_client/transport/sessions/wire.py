"""requests' stock adapter with eyes: each attempt knows whether a byte of it can have left, and can be cut off.

Its profile is safe: no retries, no environment, no trust but the given context's, and idle connections dropped before the core does.
"""

from __future__ import annotations

import http.client
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from legacy_client.transport.sessions.attempt import AttemptOver

if TYPE_CHECKING:
    import socket
    import ssl
    from io import BufferedIOBase

    from urllib3._base_connection import BaseHTTPConnection

    from legacy_client.transport.base import Limits
    from legacy_client.transport.sessions.attempt import Attempt


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
    idle_since = float("inf")

    def connect(self) -> None:
        if self.attempts.current is not None:
            self.attempts.current.connecting()
        super().connect()

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
    """The same over TLS; its handshake is part of connecting."""


class _Pool(HTTPConnectionPool):
    """A pool that knows how long its connections were idle."""

    ConnectionCls = _Watched

    def __init__(self, attempts: Attempts, idle_seconds: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._attempts = attempts
        self._idle_seconds = idle_seconds

    def _get_conn(self, timeout: float | None = None) -> BaseHTTPConnection:
        connection = super()._get_conn(timeout)
        cast("_Watched", connection).attempts = self._attempts
        # A core that closes idle connections may do so while a request is on its way: then nobody knows its fate.
        if time.monotonic() - cast("_Watched", connection).idle_since >= self._idle_seconds:
            connection.close()
        return connection

    def _put_conn(self, conn: BaseHTTPConnection | None) -> None:
        if conn is not None:
            cast("_Watched", conn).idle_since = time.monotonic()
        super()._put_conn(conn)


class _TlsPool(_Pool, HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = _WatchedTls


class WatchedAdapter(HTTPAdapter):
    """Set ``attempts.current`` in a thread before it sends."""

    def __init__(self, limits: Limits, context: ssl.SSLContext | None) -> None:
        self.attempts = Attempts()
        self._limits = limits
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=limits.connections, pool_block=True)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """Pools of watched connections, with our own TLS context."""
        super().init_poolmanager(connections, maxsize, block=block, ssl_context=self._context, **pool_kwargs)
        own = self.attempts, self._limits.idle_seconds
        self.poolmanager.pool_classes_by_scheme = {"http": partial(_Pool, *own), "https": partial(_TlsPool, *own)}

    def cert_verify(self, conn: Any, url: str, verify: object, cert: object) -> None:
        """Nothing: the context verifies, and requests would add its own bundle of CAs to it."""
