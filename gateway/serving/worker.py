from __future__ import annotations

import contextlib
import logging
import math
import os
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gunicorn.sock import ssl_context
from gunicorn.workers.ggevent import GeventWorker

from gateway.ending import held_back
from gateway.garbage import spare_what_lasts
from gateway.serving.answer import Dates, ServerAnswer
from gateway.serving.connection import Connection
from gateway.serving.environ import Environs
from gateway.serving.listener import Listener, nobody_waits_at
from gateway.serving.patched_tls import patch_with_tls
from gateway.serving.plain_head import PlainHeads
from gateway.serving.slots import Slots
from gateway.serving.starting import call_in

if TYPE_CHECKING:
    from gateway.serving.connection import Request
    from gateway.serving.plan import WorkerPlan

_log = logging.getLogger(__name__)
_HEARTBEAT_SECONDS = 1.0
# After the listener closed, connections may wait this long for one more request.
_LAST_REQUEST_SECONDS = 0.5
_REFUSAL_SECONDS = 1.0
# A start that was told to end may take so long where clients have connected.
_START_SECONDS = 5.0
_LOOK_SECONDS = 0.02


class GatewayWorker(GeventWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Bounds what a client may hold, and finishes accepted requests before it stops."""

    alive: bool
    wsgi: Any  # set by gunicorn once the application was loaded

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._slots: list[Slots] = []
        self._servers: list[Listener] = []
        self._dates = Dates()
        self._is_stopping = False
        self._ends_at = math.inf

    def patch(self) -> None:
        patch_with_tls(super().patch)

    def load_wsgi(self) -> None:
        log_failed_greenlets()
        super().load_wsgi()
        self._plan: WorkerPlan = self.wsgi.plan
        spare_what_lasts()

    def run(self) -> None:
        self._tls = ssl_context(self.cfg) if self.cfg.is_ssl else None
        self._woken = Event()
        self._heads = PlainHeads(self.cfg)
        for listener in self.sockets:
            self._listen(listener)
        while self.alive:
            self.notify()
            self._woken.wait(_HEARTBEAT_SECONDS)
        self._finish()

    def handle_request(self, environs: Environs, req: Request, sock: socket.socket) -> None:
        """Raises StopIteration where the answer ends the connection, OSError where its client left."""
        self._count_request()
        answer = ServerAnswer(req, sock, self.cfg, self._dates)
        if not self.alive:
            answer.force_close()
        try:
            answer.send(self.wsgi, environs.of(req))
        except OSError:
            raise
        except Exception as exc:
            # A second head would be read as a part of this answer.
            if not answer.headers_sent:
                raise
            _log.exception("answer_broken")
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            raise StopIteration from exc
        if answer.ends:
            raise StopIteration

    def _count_request(self) -> None:
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False

    def init_signals(self) -> None:
        # Between gunicorn's handlers and ours a signal would kill.
        with held_back():
            super().init_signals()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: drain. During the start: serve what has connected, if that is possible in a moment."""
        if not self.booted:
            if nobody_waits_at(self.sockets, are_shared=not self.cfg.reuse_port):
                os._exit(0)
            super().handle_exit(sig, frame)
            call_in(_START_SECONDS, self._give_up_the_start)
            return
        stop = self._plan.stop
        # Signals arrive in the loop's own greenlet, which must not wait.
        gevent.spawn(self._stop, stop.delay, stop.grace, stop.total)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """SIGQUIT or SIGINT: send nothing new, wait for calls in flight."""
        if not self.booted:
            os._exit(0)  # It has begun nothing.
        gevent.spawn(self._stop, 0.0, 0.0, self._plan.stop.quick)

    def _give_up_the_start(self) -> None:
        if not self.booted:
            os._exit(0)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """The request never reached the application."""
        # The arbiter loads this module before the worker patches the standard library.
        from gateway.serving.refusals import Refusal

        refusal = Refusal.of(exc, getattr(exc, "head", None) or (req and req.head_so_far()), self._plan.base_url)
        refusal.log(exc, peer=addr[0] if isinstance(addr, tuple) else "")
        self._plan.request_ended(refusal.details())
        try:
            client.settimeout(_REFUSAL_SECONDS)
            client.sendall(refusal.response_bytes())
        except OSError:
            _log.debug("refusal_not_delivered")

    def _converse(self, slots: Slots, name: Any, client: socket.socket, addr: Any) -> None:
        with slots.taken():
            try:
                client = self._secured(client)
            except OSError:
                _log.debug("handshake_failed")
                return
            connection = Connection(
                client,
                addr,
                self.cfg,
                self._plan.timeouts,
                self._plan.turns,
                lambda: self._is_stopping or not self.alive or slots.are_crowded(),
                self._heads,
            )
            with slots.held_by(connection), contextlib.closing(connection):
                self._serve(connection, slots, name, client, addr)

    def _serve(self, connection: Connection, slots: Slots, name: Any, client: socket.socket, addr: Any) -> None:
        request: Request | None = None
        environs = Environs(client, addr, name)
        try:
            while (request := connection.next_request()) is not None:
                self.handle_request(environs, request, client)
                slots.free_a_slot()
                request = None  # A fault from here on is not of this request.
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
        """Over TLS, if configured. Raises OSError."""
        if self._tls is None:
            return client
        # The socket's own timeout bounds each read, not the whole handshake.
        with gevent.Timeout(self._plan.timeouts.head, TimeoutError):
            secured: socket.socket = self._tls.wrap_socket(client, server_side=True)
        return secured

    def _listen(self, listener: socket.socket) -> None:
        listener.setblocking(True)
        slots = Slots(self.worker_connections)
        # At the end connections begin when the listener is closed and has no name.
        converse = partial(self._converse, slots, listener.getsockname())
        server = Listener(listener, handle=converse, spawn=slots.pool)
        if self.cfg.workers > 1:
            server.max_accept = 1
        server.start()
        self._slots.append(slots)
        self._servers.append(server)

    def _stop(self, delay: float, grace: float, total: float) -> None:
        _log.info("worker_stopping", extra={"connections": self._count()})
        self._is_stopping = True
        self._ends_at = min(self._ends_at, time.monotonic() + total)
        self._plan.drain(grace)
        gevent.sleep(delay)
        self.alive = False
        self._woken.set()

    def _finish(self) -> None:
        for server in self._servers:
            # With `reuse_port` gunicorn gives each worker a socket of its own.
            server.end(is_shared=not self.cfg.reuse_port)
            if not (self.cfg.reuse_port or self._is_stopping):
                server.close()  # A recycled worker's successor serves those who still wait.
        stop = self._plan.stop
        self._ends_at = min(self._ends_at, time.monotonic() + stop.total)
        self._wait_for_connections(time.monotonic() + _LAST_REQUEST_SECONDS, let_go=False)
        # A recycled worker was not asked to drain.
        self._plan.drain(stop.grace)
        self._wait_for_connections(self._ends_at, let_go=True)
        if left := self._count():
            _log.warning("connections_cut", extra={"connections": left})
        self._wait_for_the_store()

    def _wait_for_the_store(self) -> None:
        """The store must have the outcomes that callers got."""
        while self._plan.unkept() and time.monotonic() < self._ends_at:
            self.notify()
            gevent.sleep(_LOOK_SECONDS)
        if left := self._plan.unkept():
            _log.error("records_cut", extra={"batches": left})
        self._plan.ended()

    def _wait_for_connections(self, until: float, *, let_go: bool) -> None:
        while (self._count() or not all(server.closed for server in self._servers)) and time.monotonic() < until:
            self.notify()
            for server in self._servers:
                server.take_in()
            for slots in self._slots if let_go else ():
                slots.let_go(_LAST_REQUEST_SECONDS)
            gevent.sleep(_LOOK_SECONDS)

    def _count(self) -> int:
        """Connections, also those without a slot yet."""
        return sum(len(slots.pool) for slots in self._slots) + sum(server.waiting for server in self._servers)


def log_failed_greenlets() -> None:
    # A greenlet's failure is one event.
    hub: Any = gevent.get_hub()
    # The context would show a greenlet with its arguments.
    hub.print_exception = lambda _context, *failure: _log.error("greenlet_failed", exc_info=failure)
