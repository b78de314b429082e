"""The portable transport: a bounded pool of threads serves all batches in turn."""

from __future__ import annotations

import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from legacy_client.errors import BadAnswer, CoreError, Stopped
from legacy_client.transport.base import Limits, Tls, is_identity
from legacy_client.transport.sessions.adapter import WatchedAdapter
from legacy_client.transport.sessions.attempt import Attempt, AttemptOver
from legacy_client.transport.sessions.batch import SessionsBatch
from legacy_client.transport.sessions.failures import failed_to_connect
from legacy_client.transport.sessions.watchdog import Watchdog
from legacy_client.transport.tls import watched_context
from legacy_client.transport.turns import Turns, backlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import PreparedRequest, Response

    from legacy_client.transport.base import Backlog, Gate, Requests
    from legacy_client.transport.flow import Flow

    Result = Response | CoreError

_log = logging.getLogger(__name__)
_CHUNK = 65_536


class SessionsTransport:
    """Threads start when first needed."""

    def __init__(
        self,
        base_url: str,
        gate: Gate,
        *,
        limits: Limits,
        tls: Tls,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = urlsplit(base_url)
        self._gate = gate
        self._limits = limits
        self._clock = clock
        self._context = watched_context(tls) if self._url.scheme == "https" else None
        self._port = self._url.port or (80 if self._context is None else 443)
        host = self._url.hostname or ""
        self._peer = f"{f'[{host}]' if ':' in host else host}:{self._port}"
        self._adapter = WatchedAdapter(self._limits, self._context)
        self._session = requests.Session()
        self._session.mount(f"{self._url.scheme}://", self._adapter)
        self._turns: Turns[SessionsBatch] = Turns()
        self._batches: set[SessionsBatch] = set()
        self._watchdog = Watchdog(clock)
        self._threads: ThreadPoolExecutor | None = None
        self._lock = threading.RLock()
        self._busy = 0
        self._closed = False

    def send_many(self, requests: Requests, flow: Flow) -> Iterator[tuple[int, Result]]:
        batch = SessionsBatch(requests, flow, self._clock(), self._stop)
        try:
            self._enter(batch)
            for _ in range(len(requests)):
                began = self._clock()
                result = batch.results.get()
                batch.idle += self._clock() - began
                yield result
                if batch.upto is not None:
                    self._offer(batch)
        finally:
            self._leave(batch)

    def backlog(self) -> Backlog:
        with self._lock:
            return backlog(self._batches, self._clock())

    def ping(self) -> CoreError | None:
        try:
            with socket.create_connection((self._url.hostname or "", self._port), self._limits.connect_seconds) as sock:
                if self._context is not None:
                    self._context().wrap_socket(sock, server_hostname=self._url.hostname).close()
        except OSError as exc:
            error = failed_to_connect(exc)
            error.reason = f"{error.reason}, {self._peer}"
            return error
        return None

    def close(self) -> None:
        """What is in flight goes on to its end."""
        with self._lock:
            self._closed = True
            for batch in self._batches:
                self._drop(batch)
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True)
        self._watchdog.close()
        self._session.close()

    def _enter(self, batch: SessionsBatch) -> None:
        if not batch.unsent:
            return
        with self._lock:
            if self._threads is None and not self._closed:
                self._threads = ThreadPoolExecutor(self._limits.connections, thread_name_prefix="core")
            self._batches.add(batch)
            self._turns.enter(batch)
            self._turns.offer(batch, self._clock())
            self._pump()
        self._watchdog.watch(batch)
        batch.flow.deadline.on_cancel(partial(self._stop, batch))

    def _offer(self, batch: SessionsBatch) -> None:
        with self._lock:
            self._turns.offer(batch, self._clock())
            self._pump()

    def _leave(self, batch: SessionsBatch) -> None:
        self._watchdog.forget(batch)
        with self._lock:
            batch.drop()
            batch.tell(batch.flow.waits, self._clock())
            self._batches.discard(batch)

    def _stop(self, batch: SessionsBatch) -> None:
        with self._lock:
            self._drop(batch)

    def _drop(self, batch: SessionsBatch) -> None:
        reason = "shutting_down" if self._closed else batch.stopped() or "deadline"
        while batch.unsent:
            batch.results.put((batch.take(), Stopped(reason)))

    def _pump(self) -> None:
        """The lock is held."""
        while self._busy < min(self._limits.connections, self._gate.capacity()):
            batch = self._turns.take(self._clock())
            if batch is None:
                return
            if self._closed or batch.stopped():
                self._drop(batch)
            else:
                self._dispatch(batch)
                self._turns.offer(batch, self._clock())

    def _dispatch(self, batch: SessionsBatch) -> None:
        index = batch.take()
        refused = self._gate.admit()
        if refused is not None:
            batch.results.put((index, refused))
            return
        try:
            request = batch.requests[index]
        except CoreError as error:
            self._deliver(batch, index, self._clock(), error)
            return
        self._busy += 1
        batch.in_flight += 1
        assert self._threads is not None  # noqa: S101 -- made by `_enter`, and gone only when closed
        self._threads.submit(self._work, batch, index, request)

    def _work(self, batch: SessionsBatch, index: int, request: PreparedRequest) -> None:
        flow = batch.flow
        # A socket's timeout of zero would mean not to wait at all.
        whole = self._limits.attempt_seconds
        seconds = max(0.001, min(whole, flow.item_seconds, flow.deadline.remaining()))
        attempt = Attempt(
            seconds,
            min(self._limits.connect_seconds, seconds),
            deliver=partial(self._deliver, batch, index, self._clock()),
            nudge=self._watchdog.nudge,
            is_cut_short=seconds < whole,
            peer=self._peer,
        )
        self._watchdog.watch(attempt)
        try:
            if reason := flow.deadline.stopped():
                attempt.finish(Stopped(reason))
            else:
                self._exchange(request, attempt, seconds)
        finally:
            self._watchdog.forget(attempt)
            attempt.close()
            with self._lock:
                self._busy -= 1
                batch.in_flight -= 1
                self._turns.offer(batch, self._clock())
                self._pump()

    def _deliver(self, batch: SessionsBatch, index: int, began_at: float, result: Result) -> None:
        self._gate.record([result], [self._clock() - began_at])
        batch.results.put((index, result))

    def _exchange(self, request: PreparedRequest, attempt: Attempt, seconds: float) -> None:
        # The adapter only: a session would add redirects, cookies and the environment.
        self._adapter.attempts.current = attempt
        try:
            if self._limits.deadline_header:
                request.headers[self._limits.deadline_header] = str(int(seconds * 1000))
            adapter = self._session.get_adapter(request.url or "")
            response = adapter.send(request, stream=True, timeout=(min(self._limits.connect_seconds, seconds), seconds))
            attempt.finish(self._read(response))
        except AttemptOver:
            pass
        except Exception as exc:  # noqa: BLE001 -- an adapter may raise anything, and each attempt needs a result
            attempt.fail(exc)
        finally:
            self._adapter.attempts.current = None

    def _read(self, response: Response) -> Result:
        """Unread bytes close the connection."""
        try:
            if not is_identity(response.headers.get("Content-Encoding")):
                return BadAnswer("encoded, though identity was asked for")
            body = bytearray()
            for chunk in response.iter_content(_CHUNK):
                body += chunk
                if len(body) > self._limits.max_answer_bytes:
                    return BadAnswer("too large")
            response._content = bytes(body)  # noqa: SLF001 -- where requests itself keeps a body that it has read
            return response
        finally:
            response.close()
