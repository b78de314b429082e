"""A client on a bare socket: sends any bytes, and reads one answer at a time."""

from __future__ import annotations

import json
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

_SECONDS = 15.0


@dataclass(frozen=True)
class Answer:
    """One answer as it arrived; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """One connection. Use as a context manager."""

    def __init__(self, url: str, receive_buffer: int = 0) -> None:
        where = urlsplit(url)
        self.sock = socket.socket()
        self.sock.settimeout(_SECONDS)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.sock.connect((where.hostname, where.port))
        except OSError:
            self.sock.close()
            raise
        self._buffered = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> Self:
        """Send these bytes."""
        self.sock.sendall(data)
        return self

    def drip(self, data: bytes, seconds: float) -> float:
        """Send a byte at a time until the other side has closed; seconds until then."""
        began = time.monotonic()
        try:
            for byte in data:
                self.sock.sendall(bytes([byte]))
                if self.has_ended(seconds):
                    break
        except OSError:
            pass
        return time.monotonic() - began

    def has_ended(self, seconds: float) -> bool:
        """Whether the other side closes or answers within this time."""
        self.sock.settimeout(seconds)
        try:
            return self.sock.recv(1, socket.MSG_PEEK) is not None
        except TimeoutError:
            return False
        finally:
            self.sock.settimeout(_SECONDS)

    def read(self) -> Answer:
        """The next answer. Raises EOFError where the connection ends first."""
        while b"\r\n\r\n" not in self._buffered:
            self._receive()
        head, _, self._buffered = self._buffered.partition(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status, length = int(start.split(" ")[1]), int(headers.get("content-length", "0"))
        while len(self._buffered) < length:
            self._receive()
        body, self._buffered = self._buffered[:length], self._buffered[length:]
        return Answer(status, headers, body)

    def is_closed(self) -> bool:
        """Whether the other side ends the connection without another byte."""
        try:
            return not self._buffered and self.sock.recv(1) == b""
        except ConnectionError:
            return True

    def reset(self) -> None:
        """Leave with a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _receive(self) -> None:
        data = self.sock.recv(65_536)
        if not data:
            raise EOFError(self._buffered)
        self._buffered += data
