"""One connection, on which a core is watched: how its answers are framed, and when it ends."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from legacy_client.errors import BadAnswer, BrokenOff, CoreError, TimedOut, Unreachable, Untrusted
from legacy_client.single.calls import told
from legacy_client.single.seen import Seen, unanswered
from legacy_client.transport.reasons import reason_of
from legacy_client.transport.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _typeshed import WriteableBuffer
    from requests import PreparedRequest, Response

    from legacy_client.sending.reading import Answer
    from legacy_client.transport.base import Tls

    Address = tuple[int, tuple[Any, ...]]
    Read = Callable[["Response", int | str], "Answer | CoreError"]

_RECEIVED = 65_536


class _Whole(NamedTuple):
    """As much of a response as is read."""

    status_code: int
    headers: CaseInsensitiveDict[str]
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the core is. ``proxy`` is the URL of a forward proxy, or empty. Times are in seconds.

    ``note`` is told each call before it leaves, and what came of it.
    """

    base_url: str
    proxy: str
    tls: Tls
    connect_seconds: float
    answer_seconds: float
    most_bytes: int
    read: Read
    note: Callable[..., None]
    resolve: Callable[..., list[Any]] = field(default=socket.getaddrinfo)

    @property
    def is_secure(self) -> bool:
        return urlsplit(self.base_url).scheme == "https"

    def addresses(self) -> Sequence[Address]:
        """Of the proxy, where there is one. Raises Unreachable."""
        host, port = _host_and_port(self.proxy or self.base_url)
        try:
            found = self.resolve(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            raise Unreachable(reason_of(exc)) from exc
        return list(dict.fromkeys((int(family), address) for family, _, _, _, address in found))

    def open(self, address: Address | None = None) -> Line:
        """Raises Unreachable or Untrusted."""
        family, where = address or self.addresses()[0]
        began = time.monotonic()
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(self.connect_seconds)
            sock.connect(where)
            if self.proxy:
                _ask_proxy(sock, *_host_and_port(self.base_url))
            connected = time.monotonic() - began
            sock = self._secured(sock)
            sock.settimeout(self.answer_seconds)
        except BaseException as exc:
            sock.close()
            if isinstance(exc, ssl.SSLError):
                raise Untrusted(reason_of(exc)) from exc
            if isinstance(exc, OSError):
                raise Unreachable(reason_of(exc)) from exc
            raise
        return Line(self, sock, connected=connected, ready=time.monotonic() - began)

    def _secured(self, sock: socket.socket) -> socket.socket:
        if not self.is_secure:
            return sock
        host, _ = _host_and_port(self.base_url)
        return client_context(self.tls).wrap_socket(sock, server_hostname=host)


class Line:
    """``connected`` and ``ready`` are the seconds until the connection stood, and until TLS did."""

    def __init__(self, place: Place, sock: socket.socket, *, connected: float, ready: float) -> None:
        self._place = place
        self._sock = sock
        self.connected, self.ready = connected, ready
        self._answered_at = time.monotonic()
        self.version = ""
        self.is_chunked = self.is_announced_last = self.has_length = False

    @property
    def days_of_certificate(self) -> float | None:
        """Until it expires; None without TLS."""
        if not isinstance(self._sock, ssl.SSLSocket):
            return None
        expires = cast("dict[str, str]", self._sock.getpeercert() or {}).get("notAfter", "")
        return (ssl.cert_time_to_seconds(expires) - time.time()) / 86_400 if expires else None

    def ask(self, request: PreparedRequest, expected_id: int | str) -> Seen:
        began = time.monotonic()
        try:
            self.send(request)
        except OSError as exc:
            return unanswered(BrokenOff(reason_of(exc)), time.monotonic() - began)
        return self.answer(request, expected_id, began)

    def send(self, request: PreparedRequest) -> None:
        """Raises OSError."""
        self._place.note("call", **told(request))
        self._sock.sendall(_written(request))

    def answer(self, request: PreparedRequest, expected_id: int | str, began: float) -> Seen:
        """``began`` is when it was sent, on the monotonic clock."""
        source = _Bounded(self._sock, began + self._place.answer_seconds)
        response = http.client.HTTPResponse(source, method=request.method)  # type: ignore[arg-type]  # all that it asks for
        try:
            response.begin()
            headers = list(response.headers.items())
            self._note(response)
            body = response.read(self._place.most_bytes + 1)
        except (OSError, http.client.HTTPException) as exc:
            return unanswered(_error(exc), time.monotonic() - began)
        finally:
            response.close()
            self._sock.settimeout(self._place.answer_seconds)
            self._answered_at = time.monotonic()
        seconds = time.monotonic() - began
        named: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        for name, value in headers:
            named[name] = f"{named[name]}, {value}" if name in named else value
        whole = cast("Response", _Whole(response.status, named, body))
        reading = self._place.read(whole, expected_id)
        self._place.note("answer", status=response.status, ms=round(seconds * 1000, 1))
        return Seen(status=response.status, headers=headers, body=body, seconds=seconds, reading=reading)

    def wait_for_end(self, seconds: float) -> float | None:
        """Seconds between the last answer and the end of the connection, or None while it stands."""
        source = _Source(self._sock, time.monotonic() + seconds)
        try:
            while source.readinto(bytearray(_RECEIVED)):
                pass
        except TimeoutError:
            self._sock.settimeout(self._place.answer_seconds)
            return None
        except OSError:
            pass
        return time.monotonic() - self._answered_at

    def close(self) -> None:
        with suppress(OSError):
            self._sock.close()

    def _note(self, response: http.client.HTTPResponse) -> None:
        self.version = f"{response.version / 10:.1f}"
        self.is_chunked = bool(response.chunked)
        self.has_length = response.length is not None
        self.is_announced_last = response.will_close


class _Source(io.RawIOBase):
    """What comes until ``end``, on the monotonic clock: however slowly a core sends, nobody waits longer."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._sock = sock
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Raises TimeoutError."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)


class _Bounded(NamedTuple):
    """A socket as ``http.client`` reads it."""

    sock: socket.socket
    end: float

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Source(self.sock, self.end))


def _error(exc: Exception) -> CoreError:
    if isinstance(exc, TimeoutError):
        return TimedOut("no answer in time")
    if isinstance(exc, (OSError, http.client.IncompleteRead)):
        return BrokenOff(reason_of(exc))
    return BadAnswer(type(exc).__name__)


def _written(request: PreparedRequest) -> bytes:
    body = request.body if isinstance(request.body, bytes) else b""
    lines = [f"{request.method} {request.path_url} HTTP/1.1", f"Host: {urlsplit(request.url or '').netloc}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n" + body


def _ask_proxy(sock: socket.socket, host: str, port: int) -> None:
    """By CONNECT (RFC 9110 section 9.3.6). Raises OSError."""
    peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    sock.sendall(f"CONNECT {peer} HTTP/1.1\r\nHost: {peer}\r\n\r\n".encode("ascii"))
    source = _Bounded(sock, time.monotonic() + (sock.gettimeout() or 0.0))
    response = http.client.HTTPResponse(source, method="CONNECT")  # type: ignore[arg-type]  # all that it asks for
    try:
        response.begin()
    except http.client.HTTPException as exc:
        raise ConnectionError("the proxy's answer is not HTTP") from exc
    if not 200 <= response.status < 300:
        raise ConnectionError(f"the proxy answered {response.status}")


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
