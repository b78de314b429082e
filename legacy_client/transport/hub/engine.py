"""All connections to the core on one event loop. Nothing here waits.

A turn of the loop reads all answers, accounts for them, sends what may leave, and wakes consumers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gevent.hub import Waiter
from requests import PreparedRequest

from legacy_client.errors import BrokenOff, CoreError, Stopped, Unreachable, Unsendable
from legacy_client.transport.base import NO_BACKLOG, Backlog
from legacy_client.transport.hub.batch import Exchange, HubBatch, never_sent
from legacy_client.transport.hub.connection import Connection
from legacy_client.transport.hub.dialer import Dialer
from legacy_client.transport.hub.known_heads import KnownHeads
from legacy_client.transport.hub.pool import Pool
from legacy_client.transport.hub.ticks import Ticks
from legacy_client.transport.turns import Turns, backlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gevent._types import _Loop
    from requests import Response

    from legacy_client.transport.base import Gate, Limits, Requests
    from legacy_client.transport.flow import Flow
    from legacy_client.transport.hub.channel import Channel
    from legacy_client.transport.hub.dialing import Endpoint
    from legacy_client.transport.hub.wire import Wire

_NEVER = float("inf")
# Stands for a request that could not be written.
_NOTHING = PreparedRequest()


class Engine:
    """Requests under way never exceed the bounds, connections being made included."""

    def __init__(
        self, loop: _Loop, endpoint: Endpoint, wire: Wire, limits: Limits, gate: Gate, clock: Callable[[], float]
    ) -> None:
        self._loop = loop
        self._peer = endpoint.peer
        self._wire = wire
        self._limits = limits
        self._gate = gate
        self._clock = clock
        self._turns: Turns[HubBatch] = Turns()
        self._batches: set[HubBatch] = set()
        self._dialer = Dialer(loop, endpoint, limits.connect_seconds, clock)
        self._heads = KnownHeads(limits.max_answer_bytes)
        self._pool = Pool(limits.idle_seconds, limits.max_age_seconds)
        self._under_way = 0
        self._is_pumping = self._is_closed = False
        self._ended: list[tuple[Connection, Exchange, Response | CoreError]] = []
        self._ticks = Ticks(loop, self._tick)
        self._held_since = _NEVER

    def run(self, requests: Requests, flow: Flow) -> Iterator[tuple[int, Response | CoreError]]:
        if self._is_closed:
            yield from never_sent(requests)
            return
        now = self._clock()
        seconds, soon = self._limits.attempt_seconds, self._loop.run_callback
        batch = HubBatch(requests, flow, seconds, now=now, run_soon=soon, clock=self._clock)
        self._batches.add(batch)
        self._turns.enter(batch)
        self._turns.offer(batch, now)
        self._ticks.start()
        try:
            self._pump(now)
            for chunk in batch.chunks():
                yield from chunk
                if batch.upto is not None:
                    now = self._clock()
                    self._turns.offer(batch, now)
                    self._pump(now)
        finally:
            batch.drop()
            batch.tell(flow.waits, self._clock())
            self._batches.discard(batch)

    def ping(self) -> CoreError | None:
        now = self._clock()
        connection = self._pool.take(now)
        if connection is not None:
            self._pool.put_back(connection)
            return None
        if self._under_way >= self._limits.connections:
            return None if self._pool else Unreachable("every connection is still being made")
        waiter: Waiter[CoreError | None] = Waiter()
        self._under_way += 1
        self._dial(lambda result: self._pinged(result, waiter), now + self._limits.connect_seconds)
        return waiter.get()

    def backlog(self) -> Backlog:
        if not self._batches:
            return NO_BACKLOG
        now = self._clock()
        requests, seconds = backlog(self._batches, now)
        # While connections prove themselves, the wait says nothing about how busy the core is.
        return Backlog(requests, max(0.0, seconds - max(0.0, now - self._held_since)))

    def close(self) -> None:
        self._is_closed = True
        for batch in self._batches:
            batch.stop("shutting_down")
        self._dialer.end(Stopped("shutting_down"))
        for connection in self._pool:
            connection.abort("the transport was closed")
            self._pool.discard(connection)
        self._account()
        self._ticks.close()

    def ended(self, connection: Connection, exchange: Exchange, result: Response | CoreError) -> None:
        """It is accounted for when all that can be read has been read."""
        # All answers are read before any is accounted for: warm caches, and the core gets its next calls together.
        if not self._ended:
            self._loop.run_callback(self._account)
        self._ended.append((connection, exchange, result))

    def lost(self, connection: Connection) -> None:
        now = self._clock()
        self._pool.closed(connection, now)
        if not self._pool.keep_alive.is_proven:
            # A call may wait for the free place.
            self._pump(now)

    def _account(self) -> None:
        ended, self._ended = self._ended, []
        now = self._clock()
        rest = self._pool.rest
        batches: dict[HubBatch, None] = {}  # in the order in which their calls ended
        for connection, exchange, result in ended:
            if connection.is_reusable:
                rest(connection, now)
            elif type(result) is BrokenOff:
                self._pool.closed(connection, now)
            else:
                self._pool.discard(connection)
            batch = exchange.batch
            self._under_way -= 1
            batch.in_flight -= 1
            batch.add(exchange.index, result)
            batches[batch] = None
        self._gate.record([result for _, _, result in ended], [now - exchange.started for _, exchange, _ in ended])
        for batch in batches:
            batch.wake_if_due()
            self._turns.offer(batch, now)
        self._pump(now)

    def _pump(self, now: float) -> None:
        """It never runs within itself."""
        if self._is_pumping or (not self._turns and self._pool.keep_alive.is_proven):
            return
        self._is_pumping = True
        try:
            room = min(self._limits.connections, self._gate.capacity())
            if not self._pool.keep_alive.is_proven:
                room = min(room, self._room_in_doubt(now, room))
            while self._under_way < room and (batch := self._turns.take(now)) is not None:
                if (reason := batch.stopped()) is not None:
                    batch.stop(reason)
                elif (refusal := self._gate.admit()) is not None:
                    batch.put(batch.take(), refusal)
                else:
                    self._dispatch(batch, now)
                self._turns.offer(batch, now)
        finally:
            self._is_pumping = False

    def _room_in_doubt(self, now: float, usual: int) -> int:
        """While it is not known whether the core keeps connections."""
        room = self._under_way + self._pool.ready(now, self._limits.connections - self._under_way)
        is_held = room <= self._under_way < usual
        self._held_since = min(self._held_since, now) if is_held else _NEVER
        return room

    def _dispatch(self, batch: HubBatch, now: float) -> None:
        index = batch.take()
        self._under_way += 1
        batch.in_flight += 1
        try:
            request = batch.requests[index]
        except CoreError as error:
            self._end(Exchange(batch, index, now, now, _NOTHING), error, now)
            return
        exchange = Exchange(batch, index, now, min(batch.ends, now + batch.attempt_seconds), request)
        while (connection := self._pool.take(now)) is not None:
            if self._transmit(connection, exchange, now):
                return
            self._pool.closed(connection, now)
        self._dial(
            lambda result: self._dialed(exchange, result), exchange.ends, is_cut_short=batch.cuts_short(exchange)
        )

    def _transmit(self, connection: Connection, exchange: Exchange, now: float) -> bool:
        """False if not a byte could leave."""
        try:
            connection.send(exchange, self._wire.serialise(exchange.request, exchange.ends - now))
        except ValueError as exc:
            self._pool.rest(connection, now)
            self._end(exchange, Unsendable(str(exc)), now)
        except OSError:
            return False
        return True

    def _dial(self, then: Callable[[Channel | CoreError], None], until: float, *, is_cut_short: bool = False) -> None:
        self._ticks.start()
        self._dialer.dial(then, until, is_cut_short=is_cut_short)

    def _dialed(self, exchange: Exchange, result: Channel | CoreError) -> None:
        now = self._clock()
        if isinstance(result, CoreError):
            self._end(exchange, result, now)
            return
        connection = self._connection(result)
        if (reason := exchange.batch.stopped()) is not None:
            self._pool.rest(connection, now)
            self._end(exchange, Stopped(reason), now)
        elif not self._transmit(connection, exchange, now):
            error = connection.last_words()
            self._pool.discard(connection)
            self._end(exchange, error, now)

    def _pinged(self, result: Channel | CoreError, waiter: Waiter[CoreError | None]) -> None:
        now = self._clock()
        self._under_way -= 1
        if not isinstance(result, CoreError):
            self._pool.rest(self._connection(result), now)
        self._loop.run_callback(waiter.switch, result if isinstance(result, CoreError) else None)
        self._pump(now)

    def _connection(self, channel: Channel) -> Connection:
        connection = Connection(self._loop, channel, self, self._heads, peer=self._peer)
        self._pool.add(connection, self._clock())
        return connection

    def _end(self, exchange: Exchange, error: CoreError, now: float) -> None:
        batch = exchange.batch
        self._under_way -= 1
        batch.in_flight -= 1
        batch.put(exchange.index, error)
        self._turns.offer(batch, now)
        self._gate.record([error], [now - exchange.started])
        self._pump(now)

    def _tick(self) -> None:
        now = self._clock()
        self._dialer.check(now)
        for connection in self._pool:
            connection.check(now)
        self._pool.expire(now)
        for batch in tuple(self._batches):
            if batch.unsent and (reason := batch.stopped()):
                batch.stop(reason)
            batch.wake()
        self._pump(now)
        is_busy = bool(self._dialer or self._batches or self._under_way)
        self._ticks.ticked(now, is_busy=is_busy, has_connections=bool(self._pool))
