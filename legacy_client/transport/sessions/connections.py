"""Each attempt knows what was sent, and can be cut off."""

from __future__ import annotations

import http.client
import re
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, cast

from urllib3.connection import HTTPConnection, HTTPSConnection

from legacy_client.transport.ages import share_of_age
from legacy_client.transport.sessions.attempt import AttemptOver
from legacy_client.transport.tls import refuses_us

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from io import BufferedIOBase

    from urllib3 import HTTPResponse

    from legacy_client.transport.keep_alive import KeepAlive
    from legacy_client.transport.sessions.attempt import Attempt

    Contexts = Callable[[], ssl.SSLContext]


_LENGTH = re.compile("[0-9]{1,15}")


class Attempts(threading.local):
    current: Attempt | None = None


class _Head:
    """http.client takes the end of the stream for the end of the head."""

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
    """Past interim responses (RFC 9110 section 15.2)."""

    fp: Any

    def begin(self) -> None:
        stream, self.fp = self.fp, _Head(self.fp)
        try:
            super().begin()
        finally:
            self.fp = stream
        if self.length is None and not self.chunked:
            self._take_listed_length()

    def _take_listed_length(self) -> None:
        """``17, 017`` is a length (RFC 9110 section 8.6)."""
        values = [value.strip(" \t").lstrip("0") for value in self.headers.get("Content-Length", "").split(",")]
        if len(set(values)) == 1 and _LENGTH.fullmatch(values[0]):
            self.length = int(values[0])
            self.will_close = self._check_close()  # type: ignore[attr-defined]  # typeshed omits it

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = cast("tuple[str, int, str]", super()._read_status())  # type: ignore[misc]  # typeshed omits it
            if status == http.client.SWITCHING_PROTOCOLS:
                raise http.client.UnknownProtocol("a switch of protocols, unasked")
            if not 100 < status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)


class WatchedConnection(HTTPConnection):
    response_class = FinalResponse
    attempts: Attempts
    keep_alive: KeepAlive
    idle_since = opened_at = float("inf")
    share_of_age = 1.0
    was_left_open = was_answered = False

    def connect(self) -> None:
        if self.attempts.current is not None:
            self.attempts.current.connecting()
        self.was_left_open = self.was_answered = False
        super().connect()
        self.opened_at = time.monotonic()
        self.share_of_age = share_of_age()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        try:
            response = super().getresponse()
        except ConnectionError:
            if self.was_left_open:
                self.keep_alive.closed(time.monotonic() - self.idle_since)
            raise
        self.was_answered = True
        return response

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
        try:
            super().send(data)
        except ssl.SSLError:
            # The core may have refused our certificate and closed: its alert is there to be read.
            if not self.was_answered and self.sock is not None:
                self.sock.recv(1)
            raise


class WatchedTlsConnection(WatchedConnection, HTTPSConnection):
    contexts: Contexts

    def connect(self) -> None:
        self.ssl_context = self.contexts()
        super().connect()

    def send(self, data: Any) -> None:
        try:
            super().send(data)
        except OSError:
            self._hear_alert()
            raise

    def _hear_alert(self) -> None:
        """Raises the alert that a core sent before it closed."""
        try:
            if self.sock is not None:
                self.sock.recv(1)
        except ssl.SSLError as exc:
            if refuses_us(exc):
                raise
        except OSError:
            pass
