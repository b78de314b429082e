"""The start of the workers. Its rule: whoever is told to end meanwhile ends then, and no signal is lost on the way."""

from __future__ import annotations

import os
import queue
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter

_ENDING = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)


def before_fork(server: Arbiter) -> None:
    """Begin no further worker once the server was told to end. Raises StopIteration, as gunicorn's own handlers do."""
    # gunicorn looks at its signals only when all workers have begun.
    if (number := _told_to_end(server)) is not None:
        (server.handle_term if number == signal.SIGTERM else server.handle_quit)()


def after_fork(server: Arbiter) -> None:
    """In a new worker: from here on it ends when it is told to, at once, until it has work to finish."""
    for number in _ENDING:
        signal.signal(number, leave)
    # What came before went to the handlers that it has from the server, which nobody asks here.
    if _told_to_end(server) is not None:
        sys.exit(0)


def leave(_number: int, _frame: Any) -> NoReturn:
    """End this process: it has begun nothing that is to be ended in order."""
    os._exit(0)


def _told_to_end(server: Arbiter) -> int | None:
    """The first signal to end among those that wait; the others go on waiting."""
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
