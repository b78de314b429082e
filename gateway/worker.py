"""The gevent worker, with two additions: what gunicorn itself refuses is answered as a problem document, and a stopping
worker drains: it says so, takes no new batch, finishes what it has, and lets go of idle connections.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gevent
from gunicorn.util import write_nonblock
from gunicorn.workers.ggevent import GeventWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_log = logging.getLogger(__name__)
# Idle keep-alive connections may carry one more request after the listener closed; then they are let go.
_IDLE_GRACE_SECONDS = 1.0
# Batches are large and live shortly; the default of 700 objects has the collector walk each of them many times over.
_GC_THRESHOLDS = (100_000, 50, 100)


class GatewayWorker(GeventWorker):  # type: ignore[misc]  # gunicorn ships no types
    """``worker_class`` of the service."""

    wsgi: Any  # set by gunicorn once the application was loaded

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._idle: set[tuple[Any, gevent.Timeout]] = set()

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Bounds the wait for, and the reading of, one request line with its headers."""
        with gevent.Timeout(self.cfg.keepalive, False) as timeout:  # type: ignore[arg-type]  # False: end silently
            idle = (gevent.getcurrent(), timeout)
            self._idle.add(idle)
            try:
                yield
            finally:
                self._idle.discard(idle)

    def load_wsgi(self) -> None:
        """After the application was loaded: what it holds lives for good, so the collector need not walk it again."""
        super().load_wsgi()
        self._application, self.wsgi = self.wsgi, self._answer
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """One request; whatever was held back for one segment leaves at its end."""
        try:
            return super().handle_request(listener_name, req, sock, addr)
        finally:
            _cork(sock, 0)

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Head and body leave in one segment: gunicorn sends them one by one, which costs a caller two wake-ups."""
        answer: Iterable[bytes] = self._application(environ, start_response)
        _cork(environ["gunicorn.socket"], 1)
        return answer

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: drain first, stop accepting after ``drain_delay``."""
        if not self.booted:
            super().handle_exit(sig, frame)
            return
        # The signal arrives in the loop's own greenlet, where nothing may wait.
        gevent.spawn(self._drain)

    def _drain(self) -> None:
        self._application.extensions["drain"]()
        gevent.sleep(self._application.extensions["drain_delay"])
        self.alive = False
        gevent.sleep(_IDLE_GRACE_SECONDS + 1.0)
        for greenlet, timeout in list(self._idle):
            gevent.get_hub().loop.run_callback(greenlet.throw, timeout)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that never reached the application. The text is ours: gunicorn's would echo the input."""
        # Imported here: the arbiter loads this module before the worker patches the standard library.
        from gateway.api.unparsed import answer, problem_of

        problem = problem_of(exc)
        if problem.status >= 500:
            _log.error("request_failed_before_the_application", exc_info=exc)
        else:
            _log.info("request_refused", extra={"error": type(exc).__name__, "status": problem.status})
        try:
            write_nonblock(client, answer(problem, self._application.extensions["base_url"]))
        except OSError:
            _log.debug("refusal_not_delivered")


def _cork(sock: Any, on: int) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)
