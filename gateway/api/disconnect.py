"""Stops sending for a caller who has left (``contract.md`` 1.4)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from legacy_client.deadline import Deadline

_INTERVAL_SECONDS = 0.25
_ESTABLISHED = 1


def is_gone(connection: socket.socket) -> bool:
    """Whether the peer closed or reset the connection."""
    # Reading the TCP state never blocks, and takes no bytes of a pipelined request.
    try:
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _ESTABLISHED
    except (AttributeError, OSError):
        return False


def has_left(environ: Mapping[str, Any]) -> bool:
    """Whether the caller of this request has; of a server that does not tell: no."""
    connection = environ.get("gunicorn.socket")
    return connection is not None and is_gone(connection)


def watch(environ: Mapping[str, Any], deadline: Deadline) -> None:
    connection = environ.get("gunicorn.socket")
    if connection is not None:
        deadline.watch(lambda: "client_gone" if is_gone(connection) else None, _INTERVAL_SECONDS)
