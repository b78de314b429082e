"""Hostile HTTP on bare sockets against the real server: requests that two readers would cut at different places.

Every attack carries a second, whole and authenticated batch where a lenient reader would find it. The answer must be one
problem document, the connection must close, and the core must have seen nothing.
"""

from __future__ import annotations

import json
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.e2e.stack import BULK

pytestmark = pytest.mark.e2e
HEADS_ARE_READ_BOTH_WAYS = True
BATCH = b'{"data":[{"actionId":"%d","status":"done"}]}'
FIRST, SECOND = BATCH % 19001, BATCH % 19002
LINE = f"PATCH {BULK} HTTP/1.1\r\n".encode()
TOKEN = b"{token}"  # stands for the token that only the running stack can give
SENT = b"Authorization: Bearer " + TOKEN + b"\r\nContent-Type: application/json\r\n"
USUAL = b"Host: gateway\r\n" + SENT
SMUGGLED = LINE + USUAL + b"Content-Length: %d\r\n\r\n" % len(SECOND) + SECOND
LENGTH = b"Content-Length: %d\r\n" % len(FIRST)
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(FIRST), FIRST)


TYPES = {
    400: "bad-request",
    401: "invalid-token",
    413: "body-too-large",
    414: "uri-too-long",
    417: "expectation-failed",
    431: "headers-too-large",
    501: "not-implemented",
}


class Answer(NamedTuple):
    """All that came back until the server closed."""

    status: int
    head: bytes
    body: bytes


@pytest.fixture
def send(stack):
    """Sends bytes and waits for the server to close; ``ends`` closes our direction, as a client that gives up does."""
    token = stack.token().encode()
    where = urlsplit(stack.gateway.url)

    def send(request, *, ends=False):
        with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
            connection.sendall(request.replace(TOKEN, token))
            if ends:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while more := connection.recv(65_536):
                answer += more
        head, _, body = answer.partition(b"\r\n\r\n")
        return Answer(int(head.split()[1]) if head else 0, head.lower(), body)

    return send


def framed(framing, body=CHUNKED + SMUGGLED):
    return LINE + USUAL + framing + b"\r\n" + body


def chunks(body):
    return framed(b"Transfer-Encoding: chunked\r\n", body + SMUGGLED)


TRANSFER_CODINGS = {
    "chunked and a length": (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400),
    "a length and chunked": (b"Transfer-Encoding: chunked\r\n" + LENGTH, 400),
    "chunked twice in one": (b"Transfer-Encoding: chunked, chunked\r\n", 400),
    "chunked twice in two": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
    "chunked, then identity": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400),
    "chunked, then gzip": (b"Transfer-Encoding: chunked, gzip\r\n", 400),
    "gzip, then chunked": (b"Transfer-Encoding: gzip, chunked\r\n", 501),
    "identity, then chunked": (b"Transfer-Encoding: identity, chunked\r\n", 501),
    "identity alone": (b"Transfer-Encoding: identity\r\n", 400),
    "nothing at all": (b"Transfer-Encoding:\r\n", 501),
    "a member of nothing": (b"Transfer-Encoding: , chunked\r\n", 501),
    "an unknown one": (b"Transfer-Encoding: xchunked\r\n", 501),
    "in quotes": (b'Transfer-Encoding: "chunked"\r\n', 501),
    "with a parameter": (b"Transfer-Encoding: chunked;q=1\r\n", 501),
    "after a vertical tab": (b"Transfer-Encoding: \x0bchunked\r\n", 400),
    "after a NUL": (b"Transfer-Encoding: \x00chunked\r\n", 400),
    "after a no-break space": (b"Transfer-Encoding: \xa0chunked\r\n", 501),
    "a space before the colon": (b"Transfer-Encoding : chunked\r\n", 400),
    "a tab before the colon": (b"Transfer-Encoding\t: chunked\r\n", 400),
    "on a folded line": (b"Transfer-Encoding:\r\n chunked\r\n", 400),
    "folded into another": (b"X: y\r\n\tTransfer-Encoding: chunked\r\n", 400),
    "after a bare line feed": (b"X: y\nTransfer-Encoding: chunked\r\n", 400),
    "after a bare return": (b"X: y\rTransfer-Encoding: chunked\r\n", 400),
    "a name with a line feed": (b"Transfer\n-Encoding: chunked\r\n", 400),
    "a name in other letters": ("Trаnsfer-Encoding: chunked\r\n".encode(), 400),
}


@pytest.mark.parametrize(("framing", "status"), TRANSFER_CODINGS.values(), ids=TRANSFER_CODINGS.keys())
def test_a_transfer_coding_that_two_readers_read_differently(send, core, framing, status):
    refused(send(framed(framing)), status, core)


LENGTHS = {
    "a plus sign": b"+5",
    "a minus sign": b"-5",
    "hexadecimal": b"0x5",
    "an exponent": b"1e1",
    "a decimal": b"5.0",
    "an underscore": b"1_0",
    "a list of equals": b"5, 5",
    "a list": b"0, 5",
    "two in one": b"0 5",
    "a parameter": b"5;x",
    "nothing": b"",
    "a quoted number": b'"5"',
    "a superscript": b"\xb2",
    "another script": "٥".encode(),
    "a vertical tab": b"\x0b5",
    "a NUL": b"5\x00",
    "five thousand digits": b"9" * 5000,
}


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS.keys())
def test_a_length_that_is_not_a_number(send, core, length):
    refused(send(framed(b"Content-Length: " + length + b"\r\n", SMUGGLED)), 400, core)


HEADS = {
    "two lengths": (framed(b"Content-Length: 0\r\n" + LENGTH, SMUGGLED), 400),
    "two equal lengths": (framed(LENGTH + LENGTH, FIRST + SMUGGLED), 400),
    "a space before the colon of the length": (framed(b"Content-Length : 0\r\n", SMUGGLED), 400),
    "a length past all bounds": (framed(b"Content-Length: %d\r\n" % 10**30, SMUGGLED), 413),
    "no Host": (framed(LENGTH, FIRST + SMUGGLED).replace(b"Host: gateway\r\n", b"", 1), 400),
    "two Hosts": (framed(b"Host: other\r\n" + LENGTH, FIRST + SMUGGLED), 400),
    "two content types": (framed(b"Content-Type: text/plain\r\n" + LENGTH, FIRST + SMUGGLED), 400),
    "two Authorizations": (framed(b"Authorization: Bearer x\r\nConnection: close\r\n" + LENGTH, FIRST), 400),
    "a header without a name": (framed(b": y\r\n", SMUGGLED), 400),
    "a header without a colon": (framed(b"Xy\r\n", SMUGGLED), 400),
    "a header name with a space": (framed(b"X y: z\r\n", SMUGGLED), 400),
    "a first line that is folded": (LINE + b" X: y\r\n" + SMUGGLED, 400),
    "a NUL in a header": (framed(b"X: a\x00b\r\n", SMUGGLED), 400),
    "a return in a header": (framed(b"X: a\rb\r\n", SMUGGLED), 400),
    "a bell in a header": (framed(b"X: a\x07b\r\n", SMUGGLED), 400),
    "a head of bare line feeds": (b"GET /livez HTTP/1.1\nHost: x\n\n" + SMUGGLED, 400),
    "an early bare line feed": (b"\n" + SMUGGLED, 400),
    "chunked in HTTP/1.0": (framed(b"Transfer-Encoding: chunked\r\n").replace(b"HTTP/1.1", b"HTTP/1.0", 1), 400),
    "a method in lower case": (b"patch" + SMUGGLED[5:], 400),
    "two spaces in the line": (SMUGGLED.replace(b" ", b"  ", 1), 400),
    "a tab in the line": (SMUGGLED.replace(b" ", b"\t", 1), 400),
    "a line feed in the target": (b"GET /livez\n HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED, 400),
    "a target of bytes": (b"GET /liv\xe9z HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED, 400),
    "HTTP/0.9": (b"GET /livez\r\n\r\n" + SMUGGLED, 400),
    "HTTP/1.2.3": (b"GET /livez HTTP/1.2.3\r\nHost: x\r\n\r\n" + SMUGGLED, 400),
    "a version in lower case": (b"GET /livez http/1.1\r\nHost: x\r\n\r\n" + SMUGGLED, 400),
    "a preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SMUGGLED, 400),
    "a greeting of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SMUGGLED, 400),
    "a greeting of the PROXY protocol": (b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + SMUGGLED, 400),
    "a target too long": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED, 414),
    "a header too long": (framed(b"X: " + b"a" * 9000 + b"\r\n", SMUGGLED), 431),
    "headers too long in all": (framed((b"X: " + b"a" * 8000 + b"\r\n") * 10, SMUGGLED), 431),
    "a head without end": (LINE + USUAL + (b"X: " + b"a" * 8000 + b"\r\n") * 10, 431),
    "a header without end": (LINE + USUAL + b"X: " + b"a" * 80_000, 431),
    "too many headers": (framed(b"X: y\r\n" * 100, SMUGGLED), 431),
    "an expectation of something else": (framed(b"Expect: the-unexpected\r\n" + LENGTH, FIRST + SMUGGLED), 417),
}


@pytest.mark.parametrize(("request_bytes", "status"), HEADS.values(), ids=HEADS.keys())
def test_a_head_that_is_malformed(send, core, request_bytes, status):
    refused(send(request_bytes), status, core)


SIZE = b"%x" % len(FIRST)
BODIES = {
    "a size with a sign": b"+" + SIZE + b"\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "a size below nothing": b"-1\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "a size in C": b"0x" + SIZE + b"\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "a size of no digit": b"\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "a size with an underscore": b"2_b\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "a size with a space in front": b" " + SIZE + b"\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "a size after a NUL": b"\x00" + SIZE + b"\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "a size that ends in a line feed": SIZE + b"\n" + FIRST + b"\r\n0\r\n\r\n",
    "a size line too long": SIZE + b";x=" + b"a" * 20_000 + b"\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "an extension with a return": SIZE + b";x\ry\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "an extension with a line feed": SIZE + b";x\ny\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "an extension that is open": SIZE + b';x="\r\n' + FIRST + b"\r\n0\r\n\r\n",
    "a size too small": b"5\r\n" + FIRST + b"\r\n0\r\n\r\n",
    "a size too large": b"%x\r\n" % (len(FIRST) + 2) + FIRST + b"\r\n0\r\n\r\n",
    "a chunk without its end": SIZE + b"\r\n" + FIRST + b"0\r\n\r\n",
    "a chunk that ends in a line feed": SIZE + b"\r\n" + FIRST + b"\n0\r\n\r\n",
    "a trailer that sets the length": SIZE + b"\r\n" + FIRST + b"\r\n0\r\nContent-Length: 5\r\n\r\n",
    "a trailer that authenticates": SIZE + b"\r\n" + FIRST + b"\r\n0\r\nAuthorization: Bearer x\r\n\r\n",
    "a trailer that sets the host": SIZE + b"\r\n" + FIRST + b"\r\n0\r\nHost: evil\r\n\r\n",
    "a trailer that is none": SIZE + b"\r\n" + FIRST + b"\r\n0\r\nnothing\r\n\r\n",
    "trailers too long in all": SIZE + b"\r\n" + FIRST + b"\r\n0\r\n" + (b"X: " + b"a" * 8000 + b"\r\n") * 12 + b"\r\n",
    "a trailer with a line feed": SIZE + b"\r\n" + FIRST + b"\r\n0\r\nX: y\n\r\n\r\n",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_chunked_body_that_is_malformed(send, core, body):
    refused(send(chunks(body)), 400, core)


def test_a_chunk_larger_than_any_body(send, core):
    refused(send(framed(b"Transfer-Encoding: chunked\r\n", b"f" * 16 + b"\r\n" + b"x" * 6_000_000)), 413, core)


CUT = {
    "in the body": framed(b"Content-Length: 1000\r\n", FIRST),
    "one byte before the end": framed(LENGTH, FIRST[:-1]),
    "in a chunk": framed(b"Transfer-Encoding: chunked\r\n", b"ffff\r\n" + FIRST),
    "in a size": framed(b"Transfer-Encoding: chunked\r\n", SIZE + b"\r\n" + FIRST + b"\r\n"),
    "before the last line": framed(b"Transfer-Encoding: chunked\r\n", SIZE + b"\r\n" + FIRST + b"\r\n0\r\n"),
}


@pytest.mark.parametrize("request_bytes", CUT.values(), ids=CUT.keys())
def test_a_request_that_is_cut_is_not_run(send, core, request_bytes):
    refused(send(request_bytes, ends=True), 400, core)


@pytest.mark.parametrize("request_bytes", [b"", b"PAT", LINE, LINE + b"Hos", LINE + USUAL, LINE + USUAL + LENGTH])
def test_a_head_that_is_cut_needs_no_answer(send, core, request_bytes):
    assert send(request_bytes, ends=True) == (0, b"", b"")
    assert core.counts()["total"] == 0


# Refused by the application, which does not read the body: that must not be taken for the next request.
UNREAD = {
    "no such path": (b"POST /nowhere HTTP/1.1\r\n", b"", 404),
    "another method": (b"POST " + BULK.encode() + b" HTTP/1.1\r\n", b"", 405),
    "a health check with a body": (b"GET /livez HTTP/1.1\r\n", b"", 200),
    "two tokens": (LINE, SENT + b"Authorization: Bearer x\r\n", 400),
    "no token": (LINE, b"Content-Type: application/json\r\n", 401),
    "another media type": (LINE, SENT.replace(b"json", b"xml"), 415),
    "a body too large": (LINE, SENT, 413),
}


@pytest.mark.parametrize(("line", "headers", "status"), UNREAD.values(), ids=UNREAD.keys())
@pytest.mark.parametrize("padding", [0, 200_000], ids=["short", "long"])
def test_a_body_that_nobody_reads_is_never_a_request(send, core, line, headers, status, padding):
    # The token makes the second request longer than it is here, so the length is what surely covers it.
    length = 6_000_000 if status == 413 else 8_000 + padding
    body = SMUGGLED + b" " * 8_000

    answer = send(line + b"Host: gateway\r\n" + headers + b"Content-Length: %d\r\n\r\n" % length + body, ends=True)

    assert answer.status == status, answer
    assert core.counts()["total"] == 0


def test_an_error_in_a_pipeline_ends_it(send, core):
    good = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"

    answer = send(good + b"bad\r\n\r\n" + SMUGGLED)

    assert answer.status == 200
    assert answer.body.count(b"HTTP/1.1 ") == 1
    assert b"HTTP/1.1 400 " in answer.body
    assert core.counts()["total"] == 0


def test_a_client_that_waits_to_continue_hears_its_refusal_first(send, core):
    request = framed(b"Expect: 100-continue\r\n" + LENGTH, b"").replace(TOKEN, b"nonsense")

    answer = send(request, ends=True)

    refused(answer, 401, core)
    assert b"100 continue" not in answer.head


FORWARDED = [
    b"SCRIPT_NAME: /public\r\n",
    b"PATH_INFO: /livez\r\n",
    b"X-Forwarded-Proto: https\r\n",
    b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n",
    b"X-Forwarded-Prefix: /public\r\nX-Script-Name: /public\r\n",
    b"Forwarded: for=1.2.3.4;proto=https;host=evil\r\nX-Forwarded-Host: evil\r\n",
    b"REMOTE_USER: admin\r\nREMOTE_ADDR: 1.2.3.4\r\n",
]


@pytest.mark.parametrize("headers", FORWARDED)
@pytest.mark.parametrize("path", [b"/public/metrics", b"/livez"])
def test_what_a_peer_says_of_where_the_service_is_changes_no_answer(send, path, headers):
    line, usual = b"GET " + path + b" HTTP/1.1\r\n", b"Host: x\r\nConnection: close\r\n"

    plain, claimed = send(line + usual + b"\r\n"), send(line + usual + headers + b"\r\n")

    assert claimed.status == plain.status == (200 if path == b"/livez" else 404)
    assert told(claimed) == told(plain)


def told(answer):
    """What the body says, but for the request's id."""
    return {name: value for name, value in json.loads(answer.body).items() if name != "instance"}


ODD = {
    "an empty line in front": b"\r\n" + framed(LENGTH + b"Connection: close\r\n", FIRST),
    "an absolute target": framed(LENGTH + b"Connection: close\r\n", FIRST).replace(b"PATCH ", b"PATCH http://evil.example", 1),
    "chunks with extensions": framed(b"Transfer-Encoding: CHUNKED\r\nConnection: close\r\n", SIZE + b';a=b;c="d\\""\r\n' + FIRST + b"\r\n0\r\nX: y\r\n\r\n"),
    "a coding in an underscore": framed(b"Transfer_Encoding: chunked\r\nConnection: close\r\n" + LENGTH, FIRST),
    "a token in an underscore": framed(b"X_Request_ID: evil\r\nConnection: close\r\n" + LENGTH, FIRST),
    "a head of 64 KiB": framed((b"X: " + b"a" * 7990 + b"\r\n") * 8 + b"Connection: close\r\n" + LENGTH, FIRST),
    "an upgrade": framed(b"Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n" + LENGTH, FIRST),
    "close on a second line": framed(b"Connection: TE\r\nConnection: close\r\n" + LENGTH, FIRST),
    "hop-by-hop names of ours": framed(b"Connection: close, Authorization, Content-Type\r\n" + LENGTH, FIRST),
}  # fmt: skip


@pytest.mark.parametrize("request_bytes", ODD.values(), ids=ODD.keys())
def test_what_is_odd_and_legal_is_run_once(send, core, request_bytes):
    answer = send(request_bytes)

    assert answer.status == 200, answer
    assert b"connection: close" in answer.head
    assert [entry["path"] for entry in core.journal()] == ["/actions/19001"]


@pytest.mark.parametrize("line", [b"OPTIONS * HTTP/1.1", b"CONNECT evil.example:443 HTTP/1.1", b"TRACE / HTTP/1.1"])
def test_other_forms_of_a_target_lead_nowhere(send, core, line):
    answer = send(line + b"\r\nHost: x\r\nX-Secret: seen\r\nConnection: close\r\n\r\n")

    assert answer.status in {400, 404, 405}
    assert b"seen" not in answer.head + answer.body
    assert core.counts()["total"] == 0


def refused(answer, status, core):
    """One problem document, no byte after it, nothing of the attack in it, and no call to the core."""
    assert answer.status == status, answer
    assert b"content-type: application/problem+json" in answer.head
    assert b"connection: close" in answer.head
    problem = json.loads(answer.body)
    assert problem["status"] == status
    assert problem["type"].endswith(f"/problems/{TYPES[status]}")
    assert problem["instance"].startswith("urn:request:")
    assert b"content-length: %d" % len(answer.body) in answer.head
    assert core.counts()["total"] == 0
