"""One client connection: bytes in, answers out one at a time, in the order of requests."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httptools

from sandbox.server.messages import Answer, Refusal, Request

if TYPE_CHECKING:
    from sandbox.server.messages import Handler

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_HEAD_BYTES = 64 * 1024
DRIP_SECONDS = 0.2

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Traffic:
    """A request is in flight from its last byte in to its last byte out."""

    connections: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    open: set[asyncio.Transport] = field(default_factory=set)

    def enter(self) -> None:
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def forget(self) -> None:
        """Count anew. What is open or in flight stays so."""
        self.connections, self.max_in_flight = 0, self.in_flight


class Connection(asyncio.Protocol):
    """Parses with httptools, asks the handler, and lets each answer leave as its ``ending`` says."""

    def __init__(self, handle: Handler, traffic: Traffic) -> None:
        self._handle = handle
        self._traffic = traffic
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._complete: deque[tuple[Request, bool]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._traffic.connections += 1
        self._traffic.open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what is not answered yet."""
        self._traffic.open.discard(self._transport)
        self._traffic.in_flight -= self._is_busy
        self._is_busy = False
        self._complete.clear()
        if self._timer:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Feed the parser. Anything but HTTP/1.1 gets a 400 and a closed connection."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.write(Answer(400, ending="close").encode())
            self._transport.close()
        self._answer_next()

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._head_size = self._body_size = 0
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        """The target may come in pieces."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Repeated headers are joined by a comma."""
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEAD_BYTES:
            raise httptools.HttpParserError("head too large")

    def on_headers_complete(self) -> None:
        """Send 100 Continue to a client that waits for it."""
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Bounded."""
        self._body_size += len(body)
        if self._body_size > MAX_BODY_BYTES:
            raise httptools.HttpParserError("body too large")
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Queue the request; ``data_received`` answers it."""
        method = self._parser.get_method().decode("ascii")
        request = Request(method, self._target.decode("latin-1"), self._headers, b"".join(self._body))
        self._complete.append((request, self._parser.should_keep_alive()))

    def _answer_next(self) -> None:
        while self._complete and not self._is_busy and not self._transport.is_closing():
            request, keeps_alive = self._complete.popleft()
            self._is_busy = True
            self._traffic.enter()
            answer = self._ask(request)
            if answer.delay:
                self._timer = self._loop.call_later(answer.delay, self._finish_later, answer, keeps_alive)
            else:
                self._finish(answer, keeps_alive)

    def _ask(self, request: Request) -> Answer:
        try:
            return self._handle(request)
        except Refusal as refusal:
            return refusal.answer
        except Exception:  # noqa: BLE001 -- a fault of the sandbox must be seen and not end other connections
            _log.exception("handler_failed")
            return Answer(500)

    def _finish_later(self, answer: Answer, keeps_alive: bool) -> None:
        self._finish(answer, keeps_alive)
        self._answer_next()

    def _finish(self, answer: Answer, keeps_alive: bool) -> None:
        match answer.ending:
            case "hang":
                return
            case "drip":
                self._drip(answer.encode())
                return
            case "reset":
                self._reset()
            case "vanish":
                self._transport.close()
            case "truncate":
                whole = answer.encode()
                self._transport.write(whole[: len(whole) - max(1, len(answer.body) // 2)])
                self._transport.close()
            case _:
                self._send(answer, keeps_alive)
        self._is_busy = False
        self._traffic.in_flight -= 1

    def _send(self, answer: Answer, keeps_alive: bool) -> None:
        self._transport.write(answer.encode())
        if answer.ending == "close" or not keeps_alive:
            self._transport.close()

    def _reset(self) -> None:
        raw: socket.socket = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def _drip(self, rest: bytes) -> None:
        self._transport.write(rest[:1])
        if len(rest) > 1:
            self._timer = self._loop.call_later(DRIP_SECONDS, self._drip, rest[1:])
        else:
            self._transport.close()
