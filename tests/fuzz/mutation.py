"""Answers of a core, whole and spoilt. Everything comes from the ``Random`` that is handed in, so a seed repeats it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_WORDS = (
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b" ",
    b":",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.0",
    b"Content-Length: ",
    b"Content-Length: 0\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: -1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Set-Cookie: a=b\r\n",
    b"Location: http://elsewhere.test/\r\n",
    b"X: " + b"x" * 70_000 + b"\r\n",
    b"Y: 1\r\n" * 150,
)


def body(token: str) -> bytes:
    """What only the answer to the call with this token holds."""
    return json.dumps({"data": {"token": token}}).encode()


def with_length(rng: Random, token: str) -> bytes:
    """A status, a length, and the body."""
    content = body(token) + b" " * rng.choice((0, 0, 0, 10, 3000, 70_000))
    status = rng.choice((200, 200, 200, 201, 301, 404, 429, 500, 503))
    return (
        b"HTTP/1.1 %d So\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (
            status,
            len(content),
        )
        + content
    )


def in_chunks(rng: Random, token: str) -> bytes:
    """The body in chunks, with or without extensions and trailers."""
    content, parts = body(token), []
    while content:
        size = rng.randint(1, len(content))
        parts.append(b"%x%s\r\n%s\r\n" % (size, rng.choice((b"", b"", b";a=b")), content[:size]))
        content = content[size:]
    trailers = rng.choice((b"", b"", b"X-Trailer: 1\r\n"))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(parts) + b"0\r\n" + trailers + b"\r\n"


def after_interim(rng: Random, token: str) -> bytes:
    """One to three interim answers first."""
    return b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * rng.randint(1, 3) + with_length(rng, token)


def without_content(rng: Random, token: str) -> bytes:
    """A status that has no body."""
    return b"HTTP/1.1 %d So\r\nETag: %s\r\n\r\n" % (rng.choice((204, 304)), token.encode())


def to_the_end(_rng: Random, token: str) -> bytes:
    """A body that lasts as long as the connection."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body(token)


WHOLE: tuple[Callable[[Random, str], bytes], ...] = (with_length, in_chunks, after_interim, without_content, to_the_end)


def spoilt(rng: Random, data: bytes) -> bytes:
    """``data`` after one to four small accidents, or something else altogether."""
    kind = rng.random()
    if kind < 0.05:
        return rng.randbytes(rng.randint(1, 300))
    if kind < 0.1:
        return rng.choice(_WORDS) + data
    for _ in range(rng.randint(1, 4)):
        start = rng.randint(0, len(data))
        end = min(len(data), start + rng.choice((1, 1, 2, 8, 40)))
        data = data[:start] + _accident(rng, data[start:end]) + data[end:]
    return data


def _accident(rng: Random, piece: bytes) -> bytes:
    return rng.choice(
        (
            b"",
            piece * 2,
            piece[::-1],
            rng.randbytes(len(piece)),
            bytes(byte ^ (1 << rng.randrange(8)) for byte in piece),
            piece.swapcase(),
            rng.choice(_WORDS) + piece,
            rng.choice(_WORDS),
        )
    )


def split(rng: Random, data: bytes, keep_together: int = 0) -> list[bytes]:
    """``data`` in pieces; never cut right at ``keep_together``."""
    most = rng.choice((0, 0, 1, 3, 10))
    cuts = sorted({rng.randrange(1, len(data)) for _ in range(most)} - {keep_together}) if len(data) > 1 else []
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
