from __future__ import annotations

import os
import queue
import signal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from gunicorn.arbiter import Arbiter

_ENDING = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)


class Ends(Protocol):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End when the work is done."""
        ...

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """End now."""
        ...


def before_fork(server: Arbiter) -> None:
    """Start no worker after a signal to end. Raises StopIteration."""
    # gunicorn looks at its signals only when all workers have begun.
    if (number := _told_to_end(server)) is not None:
        (server.handle_term if number == signal.SIGTERM else server.handle_quit)()


def after_fork(server: Arbiter, worker: Ends) -> None:
    """Hear signals, also earlier ones."""
    signal.signal(signal.SIGTERM, worker.handle_exit)
    signal.signal(signal.SIGINT, worker.handle_quit)
    signal.signal(signal.SIGQUIT, worker.handle_quit)
    # Earlier signals are in the server's queue, which nobody reads in a worker.
    if (number := _told_to_end(server)) is not None:
        os.kill(os.getpid(), number)


def call_in(seconds: float, call: Callable[[], object]) -> None:
    # A signal's handler calls this: during the start no event loop need run.
    signal.signal(signal.SIGALRM, lambda _number, _frame: call())
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _told_to_end(server: Arbiter) -> int | None:
    """The first waiting signal to end; other signals stay."""
    waiting: list[int] = []
    while True:
        try:
            waiting.append(server.SIG_QUEUE.get_nowait())
        except queue.Empty:
            break
    for number in waiting:
        if number not in _ENDING:
            server.SIG_QUEUE.put_nowait(number)
    return next((number for number in waiting if number in _ENDING), None)
