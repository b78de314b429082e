"""The way through a forward proxy: one CONNECT (RFC 9110 section 9.3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _socket import socket as Socket  # noqa: N812 -- a class, whatever its case

_MOST_BYTES = 16_384
_END = b"\r\n\r\n"


class Tunnel:
    """Asks the proxy at ``sock`` for ``peer`` (``host:port``)."""

    def __init__(self, sock: Socket, peer: str) -> None:
        self.sock = sock
        self.unsent = f"CONNECT {peer} HTTP/1.1\r\nHost: {peer}\r\n\r\n".encode("ascii")
        self._answer = b""

    def go_on(self) -> bool:
        """True when the way is open. Raises OSError if it is refused."""
        if self.unsent:
            self.unsent = self.unsent[self.sock.send(self.unsent) :]
            return False
        # Nothing can follow the proxy's head, as the core speaks only when asked. So no byte is read too far.
        data = self.sock.recv(_MOST_BYTES)
        self._answer += data
        if _END in self._answer:
            return self._judged()
        if not data or len(self._answer) > _MOST_BYTES:
            raise ConnectionError("the proxy gave no answer")
        return False

    def _judged(self) -> bool:
        version, _, rest = self._answer.partition(b" ")
        status = rest[:3]
        if not version.startswith(b"HTTP/1.") or not status.isdigit():
            raise ConnectionError("the proxy's answer is not HTTP")
        if not status.startswith(b"2"):
            raise ConnectionError(f"the proxy answered {status.decode()}")
        return True
