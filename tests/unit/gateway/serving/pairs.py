"""A client's socket and the connection that a worker makes of it."""

from __future__ import annotations

import socket

import gevent
import gevent.socket
from gunicorn.config import Config

from gateway.serving.connection import Connection
from gateway.serving.loop_turns import LoopTurns
from gateway.serving.plain_head import PlainHeads
from gateway.serving.plan import ClientTimeouts

SHORT = ClientTimeouts(idle=0.05, head=0.05, body=0.05, answer=0.05)
LONG = ClientTimeouts(idle=10.0, head=10.0, body=10.0, answer=10.0)
PEER = ("127.0.0.1", 1)
HEAD = b"PATCH /x HTTP/1.1\r\nHost: h\r\n"


class Pair:
    """A client's socket, and the connection that the worker makes of the other end."""

    def __init__(self, timeouts: ClientTimeouts = LONG, *, reads_plain_heads: bool = True) -> None:
        """``reads_plain_heads``: false where gunicorn's parser reads all."""
        config = Config()
        config.set("casefold_http_method", not reads_plain_heads)
        self.client, self.server = socket.socketpair()
        self.client.settimeout(10.0)
        self.is_last = False
        self.connection = Connection(
            self.server,
            PEER,
            Config(),
            timeouts,
            LoopTurns(),
            lambda: self.is_last,
            PlainHeads(config),
        )

    def says(self, data: bytes):
        """The request that these bytes lead to."""
        self.client.sendall(data)
        return self.connection.next_request()

    def hears_in_pieces(self, pieces) -> None:
        """Each read brings the next of these bytes, and after the last one there is nothing to come in time."""
        coming = iter(pieces)

        def chunk(_size=None):
            if (piece := next(coming, None)) is None:
                raise TimeoutError
            return piece

        self.connection._reader.chunk = chunk
        self.connection._reader.what_is_there = chunk
        # What waits at the socket is read by nobody; it is there as more of a head would be.
        self.client.sendall(b"-")

    def close(self) -> None:
        self.client.close()
        self.connection.close()


def body_of(request) -> bytes:
    return request.body.read()


def read_elsewhere(told: list[str]) -> None:
    """Tell of a byte that waits at another client's socket, as soon as the loop looks there."""
    near, far = gevent.socket.socketpair()

    def read() -> None:
        near.recv(1)
        told.append("another")
        near.close()
        far.close()

    gevent.spawn(read)
    gevent.sleep(0)
    far.sendall(b"x")
