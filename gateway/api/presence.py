"""Is the caller still there? Asked while a batch runs, so that nothing new is sent for one who left (``contract.md`` 1.4)."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from legacy_client.deadline import Deadline

_INTERVAL_SECONDS = 0.25
_ESTABLISHED = 1


def is_gone(connection: socket.socket) -> bool:
    """Whether the peer closed or reset the connection.

    The kernel's TCP state is read, not the stream: that never blocks and takes nothing from a pipelined request.
    """
    try:
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _ESTABLISHED
    except (AttributeError, OSError):
        return False


def watcher(
    environ: Mapping[str, Any], deadline: Deadline, clock: Callable[[], float] = time.monotonic
) -> Callable[[int], None]:
    """A ``before_send`` that cancels ``deadline`` once the caller has left; looks at most four times a second."""
    connection = environ.get("gunicorn.socket")
    look_at = clock()

    def before_send(_index: int) -> None:
        nonlocal look_at
        now = clock()
        if now < look_at:
            return
        look_at = now + _INTERVAL_SECONDS
        if connection is not None and is_gone(connection):
            deadline.cancel("client_gone")

    return before_send
