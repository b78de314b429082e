"""A plain socket, or TLS on memory buffers. Neither waits."""

from __future__ import annotations

import ssl
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _socket import socket as Socket  # noqa: N812 -- a class, whatever its case
    from collections.abc import Callable


READ_SIZE = 65_536


class Channel(Protocol):
    """Both methods raise OSError where a socket would."""

    @property
    def sock(self) -> Socket: ...

    @property
    def to_wire(self) -> Callable[[bytes], bytes]: ...

    @property
    def receive(self) -> Callable[[], bytes]:
        """Nothing at the end of the stream. Raises BlockingIOError while there is nothing yet."""
        ...


class PlainChannel:
    __slots__ = ("receive", "sock", "to_wire")

    def __init__(self, sock: Socket) -> None:
        self.sock = sock
        self.to_wire = bytes
        self.receive = partial(sock.recv, READ_SIZE)


class TlsChannel:
    """The engine owns the socket."""

    __slots__ = ("_incoming", "_outgoing", "_tls", "sock")

    def __init__(self, context: ssl.SSLContext, sock: Socket, host: str) -> None:
        self.sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def shake_hands(self) -> bool:
        """Go on as far as the bytes allow. True when the handshake is over."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                if self._outgoing.pending or not self._fill():
                    return False
            else:
                return True

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def to_wire(self, data: bytes) -> bytes:
        self._tls.write(data)
        return self._outgoing.read()

    def receive(self) -> bytes:
        parts: list[bytes] = []
        while True:
            try:
                part = self._tls.read(READ_SIZE)
            except ssl.SSLWantReadError:
                if parts:
                    return b"".join(parts)
                if not self._fill():
                    raise BlockingIOError from None
            else:
                if not part:
                    return b"".join(parts)
                parts.append(part)

    def _fill(self) -> bool:
        try:
            data = self.sock.recv(READ_SIZE)
        except BlockingIOError:
            return False
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return True
