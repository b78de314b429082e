"""From a name to a channel: look-up, connect, TLS handshake, all within one bound."""

from __future__ import annotations

import errno
import ssl
from _socket import socket as Socket  # noqa: N812 -- a class; gevent patches the one of the public module
from collections import deque
from dataclasses import dataclass
from socket import IPPROTO_TCP, SO_ERROR, SOCK_STREAM, SOL_SOCKET, TCP_NODELAY
from typing import TYPE_CHECKING

from legacy_client.errors import CoreError, Unreachable, Untrusted
from legacy_client.transport.hub.channel import PlainChannel, TlsChannel
from legacy_client.transport.hub.tunnel import Tunnel
from legacy_client.transport.reasons import reason_of
from legacy_client.transport.tls import is_end_of_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gevent._types import _IoWatcher, _Loop

    from legacy_client.transport.hub.addresses import Address, Addresses
    from legacy_client.transport.hub.channel import Channel

READ, WRITE = 1, 2

# Time for one address while others are left (the figure of RFC 8305 section 5).
_ADDRESS_SECONDS = 0.25
# How long to wait for a fresh look-up before old addresses will do; at most half of the time left.
_LOOK_UP_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """No context means no TLS. ``is_behind_proxy``: the addresses are the proxy's."""

    host: str
    port: int
    addresses: Addresses
    context: Callable[[], ssl.SSLContext] | None
    is_behind_proxy: bool = False

    @property
    def peer(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class Dialing:
    """``then`` is called once, with a channel or the reason for none.

    ``is_cut_short``: the core may take longer than ``until``, so that says nothing about the addresses.
    """

    def __init__(
        self,
        loop: _Loop,
        endpoint: Endpoint,
        then: Callable[[Dialing, Channel | CoreError], None],
        *,
        until: float,
        is_cut_short: bool = False,
        clock: Callable[[], float],
    ) -> None:
        self._loop = loop
        self._endpoint = endpoint
        self._then = then
        self._until = until
        self._is_cut_short = is_cut_short
        self._clock = clock
        self._left: deque[Address] = deque()
        self._address: Address | None = None
        self._address_until = self._makes_do_at = until
        self._sock: Socket | None = None
        self._watcher: _IoWatcher | None = None
        self._unsent = b""
        self._is_over = False

    def start(self) -> None:
        now = self._clock()
        self._makes_do_at = now + min(_LOOK_UP_SECONDS, (self._until - now) / 2)
        self._endpoint.addresses.ask(self._found)

    def check(self, now: float) -> None:
        """Gives up, or tries the next address, after too long."""
        if now >= self._until:
            if not self._is_cut_short:
                self._endpoint.addresses.doubt()
            self.end(Unreachable(self._told("ETIMEDOUT while connecting"), cut_short=self._is_cut_short))
        elif self._address is None:
            if now >= self._makes_do_at:
                self._endpoint.addresses.make_do(self._found)
        elif self._left and now >= self._address_until:
            self._next("no answer")

    def end(self, result: Channel | CoreError) -> None:
        self._is_over = True
        if self._address is None:
            self._endpoint.addresses.leave(self._found)
        self._unwatch()
        if self._sock is not None and isinstance(result, CoreError):
            self._sock.close()
        self._then(self, result)

    def _found(self, addresses: Sequence[Address]) -> None:
        if not self._is_over:
            self._left = deque(addresses)
            self._next("the name did not resolve")

    def _next(self, reason: str) -> None:
        self._leave()
        while self._left:
            self._address = self._left.popleft()
            reason = self._connect(*self._address)
            if not reason:
                return
            self._leave()
        self._endpoint.addresses.doubt()
        self.end(Unreachable(self._told(reason)))

    def _leave(self) -> None:
        self._unwatch()
        self._unsent = b""
        if self._sock is not None:
            self._sock.close()
        if self._address is not None:
            self._endpoint.addresses.demote(self._address)

    def _connect(self, family: int, address: tuple[object, ...]) -> str:
        """Why that failed, or empty."""
        try:
            self._sock = sock = Socket(family, SOCK_STREAM)
            sock.setblocking(False)
            sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            error = sock.connect_ex(address)
        except OSError as exc:
            return reason_of(exc)
        if error not in (0, errno.EINPROGRESS):
            return reason_of(OSError(error, ""))
        now = self._clock()
        self._address_until = now + max(_ADDRESS_SECONDS, (self._until - now) / (len(self._left) + 1))
        self._watch(sock, WRITE, self._connected, sock)
        return ""

    def _connected(self, sock: Socket) -> None:
        error = sock.getsockopt(SOL_SOCKET, SO_ERROR)
        if error:
            self._next(reason_of(OSError(error, "")))
        elif self._endpoint.is_behind_proxy:
            self._address_until = self._until
            self._pass_through(Tunnel(sock, self._endpoint.peer))
        else:
            self._open(sock)

    def _pass_through(self, tunnel: Tunnel) -> None:
        try:
            is_open = tunnel.go_on()
        except BlockingIOError:
            is_open = False
        except OSError as exc:
            self._next(str(exc) if type(exc) is ConnectionError else reason_of(exc))
            return
        if is_open:
            self._open(tunnel.sock)
        else:
            self._watch(tunnel.sock, WRITE if tunnel.unsent else READ, self._pass_through, tunnel)

    def _open(self, sock: Socket) -> None:
        if self._endpoint.context is None:
            self.end(PlainChannel(sock))
        else:
            self._address_until = self._until
            self._shake_hands(TlsChannel(self._endpoint.context(), sock, self._endpoint.host))

    def _shake_hands(self, channel: TlsChannel) -> None:
        try:
            is_done = self._step(channel)
        except ssl.SSLError as exc:
            if is_end_of_stream(exc):
                self._next("closed in the TLS handshake")
            else:
                self.end(Untrusted(self._told(reason_of(exc))))
        except OSError as exc:
            self._next(reason_of(exc))
        else:
            if is_done and not self._unsent:
                self.end(channel)
            else:
                self._watch(channel.sock, READ | WRITE if self._unsent else READ, self._shake_hands, channel)

    def _step(self, channel: TlsChannel) -> bool:
        try:
            return channel.shake_hands()
        finally:
            # Also after a failed handshake: the alert shows the core why.
            self._unsent += channel.outgoing()
            self._flush(channel.sock)

    def _flush(self, sock: Socket) -> None:
        try:
            self._unsent = self._unsent[sock.send(self._unsent) :] if self._unsent else b""
        except BlockingIOError:
            return

    def _told(self, reason: str) -> str:
        return f"{reason}, {self._endpoint.peer}"

    def _watch(self, sock: Socket, events: int, callback: Callable[..., None], argument: object) -> None:
        self._unwatch()
        self._watcher = self._loop.io(sock.fileno(), events)
        self._watcher.start(callback, argument)

    def _unwatch(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
