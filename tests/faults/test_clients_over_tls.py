"""Clients over TLS that are slow or broken (``faults.md`` 5.3), on bare sockets."""

from __future__ import annotations

import ssl
import time
from contextlib import ExitStack, suppress

import pytest

from tests.doubles.certificates import Authority
from tests.faults.client import Client
from tests.faults.house import Gateway, new_ids

pytestmark = pytest.mark.e2e
PATIENCE = 1.0  # HEADER_TIMEOUT of the gateway
SLACK = 2.0  # what a slow machine may add
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n"


class OverTls(Gateway):
    """Speaks TLS itself, and is up once it does."""

    def _part(self, *given):
        part = super()._part(*given)
        part._answer = lambda: None if speaks_tls(part.url) else "no TLS"
        return part


def speaks_tls(url):
    try:
        with Client(url) as client:
            return client.send(b"no handshake at all\r\n\r\n").has_ended(0.5)
    except ConnectionResetError:
        return True
    except OSError:
        return False


@pytest.fixture
def trusting(authority):
    return ssl.create_default_context(cafile=authority.file)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def make_over_tls(home, core, authority):
    """``make_over_tls("--worker-connections=10", HEADER_TIMEOUT="2")``: up until the test ends."""
    own = authority.issue("localhost")
    with ExitStack() as running:

        def make(options="", **settings):
            options = f"--certfile={own.cert_file} --keyfile={own.key_file} {options}"
            return running.enter_context(OverTls(home, core.url, settings, surroundings={"GUNICORN_CMD_ARGS": options}))

        yield make


def test_over_tls_a_handshake_that_does_not_end_is_cut_and_the_others_are_served(make_over_tls, trusting):
    gateway = make_over_tls()
    with gateway.dial() as silent:
        began = time.monotonic()
        with gateway.dial() as client, trusting.wrap_socket(client.sock, server_hostname="localhost") as secured:
            secured.sendall(gateway.batch(next(new_ids)))
            answered = secured.recv(15)

        assert answered == b"HTTP/1.1 200 OK"
        assert silent.is_closed()
        assert time.monotonic() - began < PATIENCE + SLACK


def test_over_tls_a_handshake_that_drips_is_cut_in_time(make_over_tls, trusting):
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        trusting.wrap_bio(coming, going, server_hostname="localhost").do_handshake()
    with make_over_tls().dial() as client:
        lasted = client.drip(going.read(), 0.1)

    assert PATIENCE * 0.9 < lasted < PATIENCE + SLACK


def test_over_tls_handshakes_that_do_not_end_make_those_at_rest_give_up_their_places(make_over_tls, trusting):
    gateway = make_over_tls("--worker-connections=10", HEADER_TIMEOUT="30")
    with ExitStack() as crowd:
        resting = crowd.enter_context(gateway.dial())
        resting.sock = trusting.wrap_socket(resting.sock, server_hostname="localhost")
        assert resting.send(LIVEZ).read().headers["connection"] == "keep-alive"
        for _ in range(9):
            crowd.enter_context(gateway.dial())

        assert resting.is_closed()


@pytest.mark.parametrize("crowd", [0, 9], ids=["in time", "for those who come"])
def test_over_tls_a_part_of_a_record_is_no_request_and_keeps_no_place(make_over_tls, trusting, crowd):
    long, rest = "30", "30" if crowd else "1"
    gateway = make_over_tls("--worker-connections=10", HEADER_TIMEOUT=long, ANSWER_TIMEOUT=long, CLIENT_KEEPALIVE=rest)
    with (
        ExitStack() as others,
        gateway.dial() as client,
        client.sock.dup() as beneath,
        trusting.wrap_socket(client.sock, server_hostname="localhost"),
    ):
        beneath.sendall(b"\x17\x03\x03")
        for _ in range(crowd):
            others.enter_context(gateway.dial())

        beneath.settimeout(10)
        while beneath.recv(4096):
            pass
