"""What a core can do wrong on the wire, by name: how it breaks off, what it says, and how it delays."""

from __future__ import annotations

import gzip

from tests.doubles.fake_core import answer, chunked, close, drip, hang, repeat, reset, send

BODY = b'{"data":{"id":1}}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BREAKS = {
    "reset after the request": (reset(),),
    "end of stream after the request": (close(),),
    "reset within the head": (send(HEAD), reset()),
    "end of stream within the head": (send(HEAD), close()),
    "reset within the body": (send(HEAD + b"Content-Length: 100\r\n\r\n" + BODY), reset()),
    "body shorter than its length": (send(HEAD + b"Content-Length: 100\r\n\r\n" + BODY), close()),
    "stream ends within a chunk": (send(chunked(BODY, last=b"ff\r\n{")), close()),
    "stream ends between chunks": (send(chunked(BODY, last=b"")), close()),
}
NONSENSE = {
    "garbage for a status line": (send(b"\x15\x03\x01\x00\x02\x02\x16 not http at all\r\n\r\n"), close()),
    "garbage for a chunk length": (send(chunked(last=b"zz\r\n\r\n")),),
    "two lengths in one field that differ": (send(HEAD + b"Content-Length: 17, 18\r\n\r\n" + BODY),),
    "a length twice beside chunks": (
        send(HEAD + b"Content-Length: 17\r\nContent-Length: 17\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY),
        close(),
    ),
    "two lengths that differ": (send(HEAD + b"Content-Length: 17\r\nContent-Length: 18\r\n\r\n" + BODY),),
    "more than a hundred headers": (send(HEAD + b"".join(b"X-%d: 1\r\n" % i for i in range(150)) + b"\r\n"),),
    "one huge header": (send(HEAD + b"X-Huge: " + b"x" * 70_000 + b"\r\nContent-Length: 17\r\n\r\n" + BODY),),
    "a body over the limit": (send(answer(200, body=b"x" * 100_001)),),
    "an endless body": (send(HEAD + b"Content-Length: 1073741824\r\n\r\n"), repeat(b"x" * 65_536)),
    "endless chunks": (send(chunked(last=b"")), repeat(b"1000\r\n" + b"x" * 4096 + b"\r\n")),
    "a compression bomb": (
        send(answer(200, body=gzip.compress(b" " * 10_000_000), headers="Content-Encoding: gzip\r\n")),
    ),
    "a switch of protocols": (send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), hang()),
}
DELAYS = {
    "silence": (hang(),),
    "a dripping head": (drip(HEAD * 100, 0.05),),
    "a dripping body": (send(HEAD + b"Content-Length: 1000\r\n\r\n"), drip(b"x" * 1000, 0.05)),
    "a dripping chunk": (send(chunked(last=b"3e8\r\n")), drip(b"x" * 1000, 0.05)),
    "endless 100 Continue": (repeat(b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),),
    "half an answer and silence": (send(HEAD + b"Content-Length: 100\r\n\r\n" + BODY), hang()),
}
