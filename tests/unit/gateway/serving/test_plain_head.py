"""A request whose head is read the short way is the one that gunicorn's parser reads."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.serving.plain_head import PlainHead, PlainHeads
from gateway.serving.plain_request import PlainRequest
from tests.unit.gateway.serving.pairs import Pair

HEADS = PlainHeads(Config())
METHODS = st.sampled_from(["GET", "PATCH", "PUT", "OPTIONS", "TRACE", "CONNECT", "get", "PATCHX", ""])
TARGETS = st.one_of(
    st.sampled_from(
        ["/", "/a?b=c", "/a?b?c", "//a/b", "/a//b", "/%2e%zz", "/a;b:c@d", "/a b", "*", "http://h/x", "h:1", "/a#b"]
    ),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=6).map("/{}".format),
)
VERSIONS = st.sampled_from(["HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", ""])
FIELDS = st.one_of(
    st.sampled_from(
        [
            "Host: h", "Host: h", "Host: [::1]:80", "Host: a b", "Host:", "Host: h:99999",
            "Content-Length: 3", "Content-Length: 3", "Content-Length: 0", "Content-Length: 03", "Content-Length: +3",
            "Content-Length: ³", "Content-Length: 3, 3", "content-length: 3", "Transfer-Encoding: chunked",
            "Connection: close", "Connection: keep-alive", "connection: x , Close", "Connection: close2", "Connection:",
            "Expect: 100-continue", "X_A: b", "X-A: b", "x-a: c", "Upgrade: h2c", "X-A : b", " folded",
        ]
    ),
    st.builds("{}:{}".format, st.text(max_size=3), st.text(st.characters(max_codepoint=255), max_size=4)),
)  # fmt: skip


# Of different names, so that any of them may stand together.
USUAL = [
    "Content-Length: 3",
    "X-A: b",
    "x-b:\t\xe9 c ",
    "Connection: x, close",
    "Content-Type: application/json",
    "X-C:",
]
HEAD = ["PATCH /a%20b?c HTTP/1.1", "Host: h"]
BEHIND = st.sampled_from([b"abc", b"abcGET / HTTP/1.1\r\n", b"3\r\nabc", b""])


@st.composite
def streams(draw) -> bytes:
    """A usual head in which one thing may be unusual, what may be its body, and what comes after."""
    lines = [*HEAD, *draw(st.permutations(USUAL))[: draw(st.integers(0, len(USUAL)))]]
    where = draw(st.integers(0, len(lines)))
    what = draw(st.sampled_from(["nothing", "a part of the line", "field", "one more field", "bytes"]))
    if what == "a part of the line":
        parts = lines[0].split(" ")
        part = draw(st.integers(0, 2))
        parts[part] = draw((METHODS, TARGETS, VERSIONS)[part])
        lines[0] = " ".join(parts)
    elif what in ("field", "one more field"):
        lines[where : where + (what == "field")] = [draw(FIELDS)]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    if what == "bytes":
        at = draw(st.integers(0, len(head)))
        head = head[:at] + draw(st.binary(max_size=2)) + head[at + draw(st.integers(0, 2)) :]
    return head + draw(BEHIND)


def told(pair: Pair, stream: bytes):
    """What is read of it, and what is left for the next request. None where it is refused."""
    pair.client.sendall(stream)
    pair.client.shutdown(1)
    try:
        request = pair.connection.next_request()
    except ParseException:
        return None
    if request is None:
        return None
    body = b"".join(iter(lambda: request.body.read(2), b"")) if len(stream) < 4096 else b""
    parts = (request.method, request.uri, request.path, request.query, request.version, request.scheme, request.fields)
    return parts, body, request.should_close(), request.head_so_far().host, pair.connection._reader.take_buffered()


@settings(max_examples=500)
@given(streams())
def test_what_is_read_the_short_way_gunicorn_reads_alike(stream: bytes):
    head = HEADS.read(stream)

    if head is not None and len(stream) >= head.end + head.length:
        short, long = Pair(), Pair(reads_plain_heads=False)
        assert told(short, stream) == told(long, stream) is not None
        short.close()
        long.close()


PLAIN = b"PATCH /a%20b?c=d HTTP/1.1\r\nHost: h:81\r\nContent-Length: 3\r\nX-A: b\r\n\r\n"


def test_a_usual_head_is_read():
    fields = {"HTTP_HOST": "h:81", "CONTENT_LENGTH": "3", "HTTP_X_A": "b"}

    assert HEADS.read(PLAIN + b"abc") == PlainHead("PATCH", "/a%20b?c=d", fields, 3, closes=False, end=len(PLAIN))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        PLAIN[:-2],
        b"\r\n" + PLAIN,
        PLAIN.replace(b"PATCH", b"TRACE"),
        PLAIN.replace(b"PATCH", b"patch"),
        PLAIN.replace(b"/a", b"//a"),
        PLAIN.replace(b"/a", b"http://h/a"),
        PLAIN.replace(b"/a", b"/#a"),
        PLAIN.replace(b"/a", b"/\xe9"),
        PLAIN.replace(b"/a", b"/a b"),
        PLAIN.replace(b"/a", b"/" + b"a" * 4094),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b" HTTP/1.1", b""),
        PLAIN.replace(b"Host: h:81\r\n", b""),
        PLAIN.replace(b"h:81", b"h h"),
        PLAIN.replace(b"X-A", b"Transfer-Encoding"),
        PLAIN.replace(b"X-A", b"Host"),
        PLAIN.replace(b"X-A", b"Expect"),
        PLAIN.replace(b"X-A: b", b"A: b\r\n" * 100),
        PLAIN.replace(b": 3", b": -3"),
        PLAIN.replace(b": 3", b": +3"),
        PLAIN.replace(b": 3", b": \xb3"),
        PLAIN.replace(b": 3", b": " + b"9" * 16),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_unusual_is_left_to_gunicorn(head: bytes):
    assert HEADS.read(head) is None


@pytest.mark.parametrize(
    ("options", "closes"),
    [(b"close", True), (b"CLOSE", True), (b"x, close", True), (b"keep-alive", False), (b"closed", False), (b"", False)],
)
def test_a_client_may_ask_to_close(options: bytes, closes: bool):
    head = HEADS.read(PLAIN.replace(b"X-A: b", b"Connection: " + options))

    assert head is not None
    assert head.closes is closes


def test_a_proxy_that_speaks_first_is_left_to_gunicorn():
    config = Config()
    config.set("proxy_protocol", "auto")

    assert PlainHeads(config).read(PLAIN) is None


@pytest.mark.parametrize(
    ("name", "limit"), [("limit_request_line", 24), ("limit_request_fields", 2), ("limit_request_field_size", 18)]
)
def test_limits_are_those_of_gunicorn(name: str, limit: int):
    config = Config()
    config.set(name, limit + 1)
    assert PlainHeads(config).read(PLAIN) is not None
    config.set(name, limit)
    assert PlainHeads(config).read(PLAIN) is None


def test_a_body_that_has_come_is_read_at_once(pair: Pair):
    request = pair.says(PLAIN + b"abcGET")

    assert isinstance(request, PlainRequest)
    assert (request.owed, request.body.read(), request.body.read()) == (0, b"abc", b"")
    assert pair.connection._reader.take_buffered() == b"GET"


def test_a_body_is_read_as_it_comes(pair: Pair):
    request = pair.says(PLAIN + b"a")
    assert isinstance(request, PlainRequest)
    assert request.owed == 3
    pair.client.sendall(b"bcd")

    assert request.body.read() == b"abc"
    assert request.owed == 0


def test_a_refusal_is_told_with_its_head(pair: Pair):
    request = pair.says(PLAIN.replace(b"X-A", b"X-Request-ID") + b"abc")
    assert isinstance(request, PlainRequest)
    head = request.head_so_far()

    assert (head.method, head.scheme, head.host, head.request_id) == ("PATCH", "http", "h:81", "b")
