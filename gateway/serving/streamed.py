"""Answers whose bytes leave as soon as they are made (``contract.md`` 1.4)."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY = "gateway.is_streamed"
# The kernel takes no more while so many bytes wait for the client's window.
_UNSENT_BYTES = 131_072


def mark(environ: dict[str, Any]) -> None:
    """The application says so of its answer to this request."""
    environ[_KEY] = True


def is_marked(environ: Mapping[str, Any]) -> bool:
    return _KEY in environ


def bound_unsent(sock: socket.socket) -> None:
    # Only Linux and macOS have it.
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
