"""The environment of a call is what gunicorn makes of the same request, as far as anybody reads it."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi

from gateway.serving.environ import Environs
from tests.unit.gateway.serving.pairs import HEAD, Pair

REQUESTS = [
    b"GET /a%20b%E2%82%AC//c?x=%20y&z HTTP/1.1\r\nHost: h:81\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET http://other:82/p HTTP/1.1\r\nHost: h\r\n\r\n",
    HEAD + b"Content-Type: application/json\r\nContent-Length: 3\r\n\r\nabc",
    HEAD
    + b"Accept: a\r\nAccept: b\r\nX-A-B:  c \r\nAuthorization: Bearer x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
]
PEER, LISTENER = ("192.0.2.1", 4711), ("127.0.0.1", 8080)
# Nobody reads these.
UNREAD = {"SERVER_SOFTWARE", "wsgi.early_hints"}


def told(environ):
    """Streams and tools apart."""
    return {name: value for name, value in environ.items() if not name.startswith("wsgi.") or name == "wsgi.url_scheme"}


@pytest.mark.parametrize("data", REQUESTS)
@pytest.mark.parametrize("reads_plain_heads", [True, False])
def test_the_application_reads_what_gunicorn_would_tell_it(make_pair, data: bytes, reads_plain_heads):
    pair, other = make_pair(reads_plain_heads=reads_plain_heads), make_pair(reads_plain_heads=False)
    request = pair.says(data)
    _, theirs = wsgi.create(other.says(data), pair.server, PEER, LISTENER, Config())
    ours = Environs(pair.server, PEER, LISTENER).of(request)

    assert told(ours) == {name: value for name, value in told(theirs).items() if name not in UNREAD}
    assert ours["wsgi.input"] is request.body
    assert {name for name in theirs if name not in ours} == UNREAD


@pytest.mark.parametrize(("host", "name", "port"), [(b"h:81", "h", "81"), (b"h", "h", "80"), (b"", "", "80")])
def test_behind_a_unix_socket_name_and_port_are_those_of_host(pair: Pair, host: bytes, name: str, port: str):
    request = pair.says(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n" if host else b"GET / HTTP/1.0\r\n\r\n")
    environ = Environs(pair.server, "", "/run/gateway.sock").of(request)

    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (name, port)
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("", "")


def test_a_body_is_read_through_the_environment(pair: Pair):
    request = pair.says(HEAD + b"Content-Length: 3\r\n\r\nabc")

    assert Environs(pair.server, PEER, LISTENER).of(request)["wsgi.input"].read() == b"abc"
