"""Answers whose bytes leave as soon as they are made (``contract.md`` 1.4)."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

KEY = "gateway.streamed"
"""Of an environment: the mark of its answer."""
# A client has the time for one answer for so many bytes of a stream.
PIECE_BYTES = 32_768
# The kernel takes no more while so many bytes wait for the client's window.
_UNSENT_BYTES = 131_072


class Streamed:
    """``is_last``: no part follows the one that the application gives."""

    __slots__ = ("is_last",)

    def __init__(self) -> None:
        self.is_last = False


def mark(environ: dict[str, Any]) -> Streamed:
    """The application says so of its answer to this request."""
    marked = environ[KEY] = Streamed()
    return marked


def bound_unsent(sock: socket.socket) -> None:
    # Only Linux and macOS have it.
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
