from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from legacy_client.errors import BadAnswer, BrokenOff, CoreError, TimedOut, Unreachable, Untrusted
from legacy_client.transport.hub.dialing import READ, WRITE
from legacy_client.transport.hub.response import ResponseReader
from legacy_client.transport.reasons import EndOfStream, reason_of
from legacy_client.transport.tls import refuses_us

if TYPE_CHECKING:
    from gevent._types import _IoWatcher, _Loop
    from requests import Response

    from legacy_client.transport.hub.batch import Exchange
    from legacy_client.transport.hub.channel import Channel
    from legacy_client.transport.hub.known_heads import KnownHeads


class Listener(Protocol):
    def ended(self, connection: Connection, exchange: Exchange, result: Response | CoreError) -> None:
        """``connection.is_reusable``: another may follow."""
        ...

    def lost(self, connection: Connection) -> None:
        """An idle connection was closed, or the core sent something unasked."""
        ...


class Connection:
    __slots__ = (
        "_channel",
        "_exchange",
        "_is_written",
        "_listener",
        "_loop",
        "_peer",
        "_read_watcher",
        "_receive_bytes",
        "_response",
        "_send_bytes",
        "_to_wire",
        "_unsent",
        "_write_watcher",
        "has_answered",
        "is_reusable",
        "resting_since",
        "retires_at",
    )  # fmt: skip

    def __init__(self, loop: _Loop, channel: Channel, listener: Listener, heads: KnownHeads, *, peer: str = "") -> None:
        self._loop = loop
        self._peer = peer
        self._listener = listener
        self._channel = channel
        self._to_wire = channel.to_wire
        self._receive_bytes = channel.receive
        self._send_bytes = channel.sock.send
        self._response = ResponseReader(heads)
        self._exchange: Exchange | None = None
        self._unsent = b""
        self._is_written = self.has_answered = False
        self.resting_since = 0.0
        self.retires_at = float("inf")
        self.is_reusable = True
        self._write_watcher: _IoWatcher | None = None
        self._read_watcher = loop.io(channel.sock.fileno(), READ)
        self._read_watcher.start(self._receive)

    def send(self, exchange: Exchange, data: bytes) -> None:
        """Raises OSError if not a byte could leave."""
        data = self._to_wire(data)
        try:
            sent = self._send_bytes(data)
        except BlockingIOError:
            sent = 0
        self._exchange = exchange
        self._is_written = sent > 0
        if sent < len(data):
            self._unsent = data[sent:]
            self._write_watcher = self._loop.io(self._channel.sock.fileno(), WRITE)
            self._write_watcher.start(self._send_rest)

    def check(self, now: float) -> None:
        """End a request whose time is up, unless its answer is there."""
        if self._overdue(now) is not None:
            self._receive()
            exchange = self._overdue(now)
            if exchange is not None:
                kind, reason = (TimedOut, "no answer") if self._is_written else (Unreachable, "not sent")
                cut_short = exchange.batch.cuts_short(exchange)
                self._end(exchange, kind(self._told(f"{reason} in time"), cut_short=cut_short))

    def is_quiet(self) -> bool:
        try:
            self._receive_bytes()
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def last_words(self) -> CoreError:
        """Why the core closed a connection that was just opened, as far as it said so."""
        try:
            self._receive_bytes()
        except OSError as exc:
            if refuses_us(exc):
                return Untrusted(self._told(reason_of(exc)))
        return Unreachable(self._told("closed as soon as it was open"))

    def abort(self, reason: str) -> None:
        if self._exchange is not None:
            self._end(self._exchange, BrokenOff(reason) if self._is_written else Unreachable(reason))

    def close(self) -> None:
        """What is under way is not reported."""
        self._exchange = None
        self.is_reusable = False
        self._stop_writing()
        self._read_watcher.stop()
        self._read_watcher.close()
        self._channel.sock.close()
        self._response.drop()

    def _overdue(self, now: float) -> Exchange | None:
        exchange = self._exchange
        return exchange if exchange is not None and now >= exchange.ends else None

    def _send_rest(self) -> None:
        try:
            self._unsent = self._unsent[self._send_bytes(self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            # The core may have answered early and closed: the reader finds the answer or the end.
            self._stop_writing()
            return
        self._is_written = True
        if not self._unsent:
            self._stop_writing()

    def _stop_writing(self) -> None:
        if self._write_watcher is not None:
            self._write_watcher.stop()
            self._write_watcher.close()
            self._write_watcher = None

    def _receive(self) -> None:
        try:
            data = self._receive_bytes()
        except BlockingIOError:
            return
        except OSError as exc:
            self._broke(exc)
            return
        exchange = self._exchange
        if exchange is None or not self._is_written:
            self._broke(EndOfStream("closed, or spoke unasked"))
            return
        try:
            response = self._response.whole(data, exchange.request)
            if response is None:
                if not (self._response.feed(data) if data else self._response.end()):
                    if not data:
                        self._broke(EndOfStream("ended before the answer was complete"))
                    return
                response = self._response.take(exchange.request)
        except BadAnswer as exc:
            self._end(exchange, BadAnswer(exc.reason))
            return
        self._exchange = None
        self._is_written = False
        self.has_answered = True
        self.is_reusable = self._response.keeps_alive and not self._unsent
        self._listener.ended(self, exchange, response)

    def _broke(self, error: OSError) -> None:
        if self._exchange is None:
            self._listener.lost(self)
        elif not self._is_written:
            self._end(self._exchange, Unreachable(self._told(reason_of(error))))
        elif not self.has_answered and refuses_us(error):
            self._end(self._exchange, Untrusted(self._told(reason_of(error))))
        else:
            self._end(self._exchange, BrokenOff(self._told(reason_of(error))))

    def _told(self, reason: str) -> str:
        return f"{reason}, {self._peer}" if self._peer else reason

    def _end(self, exchange: Exchange, error: CoreError) -> None:
        self._exchange = None
        self._is_written = False
        self.is_reusable = False
        self._listener.ended(self, exchange, error)
