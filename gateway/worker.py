"""The gevent worker, with its own care for clients and for its own end.

What is not HTTP is answered as a problem document; no client can hold more than a greenlet, and that for a bounded time;
a stopping worker says so, takes no new batch, and finishes what it has.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import math
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.pool import Pool
from gunicorn.sock import ssl_context
from gunicorn.workers.ggevent import GeventWorker

from gateway.client_connection import Connection
from gateway.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gateway.client_requests import ClientRequest
    from gateway.worker_plan import WorkerPlan

_log = logging.getLogger(__name__)
_HEARTBEAT_SECONDS = 1.0
# After the listener closed, connections may carry one more request for this long; then those at rest are let go.
_LAST_REQUEST_SECONDS = 0.5
_REFUSAL_SECONDS = 1.0
_LOOK_SECONDS = 0.02
# Above this share of `worker_connections`, a new connection takes the place of the one that has rested longest.
_CROWDED = 0.9
# Batches are large and live shortly; the default of 700 objects has the collector walk each of them many times over.
_GC_THRESHOLDS = (100_000, 50, 100)


class GatewayWorker(GeventWorker):  # type: ignore[misc]  # gunicorn ships no types
    """``worker_class`` of the service."""

    wsgi: Any  # set by gunicorn once the application was loaded

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pools: list[Pool] = []
        self._connections: set[Connection] = set()
        self._is_stopping = False
        self._ends_at = math.inf

    def load_wsgi(self) -> None:
        """After the application was loaded: what it holds lives for good, so the collector need not walk it again."""
        log_failed_greenlets()
        super().load_wsgi()
        self._application, self.wsgi = self.wsgi, self._answer
        self._plan: WorkerPlan = self._application.extensions["worker"]
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)

    def run(self) -> None:
        """Serve until told to stop, then end in order."""
        self._tls = ssl_context(self.cfg) if self.cfg.is_ssl else None
        self._woken = Event()
        servers = [self._listen(listener) for listener in self.sockets]
        while self.alive:
            self.notify()
            self._woken.wait(_HEARTBEAT_SECONDS)
        self._finish(servers)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """One request; whatever was held back for one segment leaves at its end."""
        try:
            return super().handle_request(listener_name, req, sock, addr)
        finally:
            _cork(sock, 0)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: drain."""
        if not self.booted:
            super().handle_exit(sig, frame)
            return
        ending = self._plan.ending
        # The signal arrives in the loop's own greenlet, where nothing may wait.
        gevent.spawn(self._stop, ending.delay, ending.grace, ending.total)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """SIGQUIT or SIGINT: nothing new is sent to the core; what is in flight is still told."""
        if not self.booted:
            super().handle_quit(sig, frame)
            return
        gevent.spawn(self._stop, 0.0, 0.0, self._plan.ending.quick)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answer a request that never reached the application. The text is ours: gunicorn's would echo the input."""
        # Imported here: the arbiter loads this module before the worker patches the standard library.
        from gateway.api.unparsed import answer, problem_of

        problem = problem_of(exc)
        if problem.status == 500:  # 501 is a client's doing, and a traceback would hold what it sent.
            _log.error("request_failed_before_the_application", exc_info=exc)
        else:
            _log.info("request_refused", extra={"error": type(exc).__name__, "status": problem.status})
        try:
            client.settimeout(_REFUSAL_SECONDS)
            client.sendall(answer(problem, self._plan.base_url))
        except OSError:
            _log.debug("refusal_not_delivered")

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Head and body leave in one segment: gunicorn sends them one by one, which costs a caller two wake-ups."""
        answer: Iterable[bytes] = self._application(environ, start_response)
        _cork(environ["gunicorn.socket"], 1)
        return answer

    def _converse(self, name: Any, client: socket.socket, addr: Any) -> None:
        """One connection, in a greenlet of its own, from its first byte to its last."""
        try:
            client = self._secured(client)
        except OSError:
            _log.debug("handshake_failed")
            return
        connection = Connection(
            client, addr, self.cfg, self._plan.patience, lambda: self._is_stopping or not self.alive
        )
        self._make_room()
        self._connections.add(connection)
        try:
            self._serve(connection, name, client, addr)
        finally:
            self._connections.discard(connection)
            connection.close()

    def _serve(self, connection: Connection, name: Any, client: socket.socket, addr: Any) -> None:
        request: ClientRequest | None = None
        try:
            while (request := connection.next_request()) is not None:
                self.handle_request(name, request, client, addr)
        except StopIteration:
            pass  # The answer said that the connection closes.
        except TimeoutError:
            _log.warning("answer_not_taken")
            connection.reset()
        except OSError:
            _log.debug("client_left")
        except Exception as exc:  # noqa: BLE001 -- whatever a request does to the parser, the client gets an answer
            self.handle_error(request, client, addr, exc)

    def _secured(self, client: socket.socket) -> socket.socket:
        """The connection over TLS, where gunicorn was given a certificate. Raises OSError."""
        client.settimeout(self._plan.patience.head)
        return client if self._tls is None else self._tls.wrap_socket(client, server_side=True)

    def _listen(self, listener: socket.socket) -> Listener:
        listener.setblocking(True)
        pool = Pool(self.worker_connections)
        self._pools.append(pool)
        # The name is asked for now: connections taken in at the end begin when the listener is closed.
        server = Listener(listener, handle=partial(self._converse, listener.getsockname()), spawn=pool)
        if self.cfg.workers > 1:
            server.max_accept = 1
        server.start()
        return server

    def _make_room(self) -> None:
        if len(self._connections) >= _CROWDED * self.worker_connections:
            min(self._connections, key=lambda connection: connection.resting_since).let_go()

    def _stop(self, delay: float, grace: float, total: float) -> None:
        _log.info("worker_stopping", extra={"connections": len(self._connections)})
        self._is_stopping = True
        self._ends_at = min(self._ends_at, time.monotonic() + total)
        self._plan.drain(grace)
        gevent.sleep(delay)
        self.alive = False
        self._woken.set()

    def _finish(self, servers: list[Listener]) -> None:
        for server in servers:
            # With `reuse_port` gunicorn gives each worker a socket of its own.
            server.end(is_shared=not self.cfg.reuse_port)
        ending = self._plan.ending
        self._ends_at = min(self._ends_at, time.monotonic() + ending.total)
        self._wait_for_connections(time.monotonic() + _LAST_REQUEST_SECONDS, let_go=False)
        # A worker that gunicorn recycles was not told to drain.
        self._plan.drain(ending.grace)
        self._wait_for_connections(self._ends_at, let_go=True)
        if left := self._count():
            _log.warning("connections_cut", extra={"connections": left})

    def _wait_for_connections(self, until: float, *, let_go: bool) -> None:
        while self._count() and time.monotonic() < until:
            self.notify()
            for connection in tuple(self._connections) if let_go else ():
                connection.let_go()
            gevent.sleep(_LOOK_SECONDS)

    def _count(self) -> int:
        """Connections, those included that were accepted and have not begun."""
        return sum(map(len, self._pools))


def log_failed_greenlets() -> None:
    """What nobody waits for fails into the log, as one event; gevent would write its traceback to standard error."""
    hub: Any = gevent.get_hub()
    # Not the context that comes first: it would show a greenlet with its arguments.
    hub.print_exception = lambda _context, *failure: _log.error("greenlet_failed", exc_info=failure)


def _cork(sock: Any, on: int) -> None:
    # Linux's alone.
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)
