from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

from legacy_client.errors import CoreError, TimedOut, Unreachable
from legacy_client.transport.sessions.failures import failed_after_sending, failed_before_connecting, failed_to_connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response

_PHASES = {"starting": failed_before_connecting, "connecting": failed_to_connect, "sending": failed_after_sending}


class AttemptOver(Exception):
    """Nothing more of the attempt may be sent."""


class Attempt:
    """One thread works on it, and another ends it after ``seconds``.

    ``is_cut_short``: that is less than a whole attempt. ``deliver`` gets the result, once. ``nudge`` is called when the
    end comes closer.
    """

    def __init__(
        self,
        seconds: float,
        connect_seconds: float,
        deliver: Callable[[Response | CoreError], None],
        nudge: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        *,
        is_cut_short: bool = False,
        peer: str = "",
    ) -> None:
        self._peer = peer
        self._clock = clock
        self._ends_at = clock() + seconds
        self._is_cut_short = is_cut_short
        self._connect_seconds = connect_seconds
        self._connect_by = float("inf")
        self._deliver = deliver
        self._nudge = nudge
        self._lock = threading.Lock()
        self._is_finished = False
        self._phase = "starting"
        self._handle: socket.socket | None = None

    def seconds_left(self) -> float:
        """At least 0.001: with 0 a socket would not block at all."""
        return max(0.001, self._ends_at - self._clock())

    def connecting(self) -> None:
        """Raises AttemptOver."""
        with self._lock:
            self._go_on("connecting")
            self._connect_by = self._clock() + self._connect_seconds
        self._nudge()

    def connected(self, sock: socket.socket) -> None:
        """TLS may follow. Raises AttemptOver."""
        with self._lock:
            self._go_on("connecting")
            self._hold(sock)

    def sending(self, sock: socket.socket) -> None:
        """The first byte is about to leave. Raises AttemptOver."""
        with self._lock:
            self._go_on("sending")
            self._connect_by = float("inf")
            self._hold(sock)

    def finish(self, result: Response | CoreError) -> None:
        """Only the first result is delivered."""
        with self._lock:
            if self._is_finished:
                return
            self._is_finished = True
        self._deliver(result)

    def fail(self, exc: BaseException) -> None:
        error = _PHASES[self._phase](exc)
        error.reason = self._told(error.reason)
        error.cut_short = isinstance(error, (TimedOut, Unreachable)) and self._was_cut_short()
        self.finish(error)

    def due_at(self) -> float:
        return min(self._ends_at, self._connect_by)

    def expire(self) -> bool:
        """Cuts the connection too, so that the thread comes back."""
        with self._lock:
            if self._clock() < self.due_at():
                return False
            was_finished, self._is_finished = self._is_finished, True
            if self._handle is not None:
                with contextlib.suppress(OSError):
                    self._handle.shutdown(socket.SHUT_RDWR)
        if not was_finished:
            kind, reason = (
                (Unreachable, "ETIMEDOUT while connecting")
                if self._phase == "connecting"
                else (TimedOut, "no answer in time")
            )
            self._deliver(kind(self._told(reason), cut_short=self._was_cut_short()))
        return True

    def close(self) -> None:
        with self._lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None

    def _told(self, reason: str) -> str:
        return f"{reason}, {self._peer}" if self._peer else reason

    def _was_cut_short(self) -> bool:
        return self._is_cut_short and self._clock() >= self._ends_at

    def _go_on(self, phase: str) -> None:
        if self._is_finished:
            raise AttemptOver
        self._phase = phase

    def _hold(self, sock: socket.socket) -> None:
        # A handle of our own, as the thread at work may close the connection's socket or wrap it in TLS.
        if self._handle is None:
            self._handle = socket.fromfd(sock.fileno(), sock.family, sock.type)
