"""The row `reach`: a name, its addresses, and whom they are trusted as."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, contextmanager, suppress
from types import SimpleNamespace

import pytest

from gateway.core.check.probes import reach
from legacy_client.errors import BadAnswer, TimedOut
from legacy_client.single.line import Place
from legacy_client.template import RequestTemplate
from legacy_client.transport.base import Tls
from tests.doubles.certificates import Authority
from tests.doubles.checked_core import CheckedCore

ALSO_RED = {"warn", "fail"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def secure(authority, tmp_path):
    @contextmanager
    def make(host="localhost", days=30):
        with CheckedCore(tmp_path, authority.issue(host, days=days).server()).serving() as core:
            yield core

    return make


def red(told):
    return {row: verdict for row, verdict in told.verdicts.items() if verdict in ALSO_RED}


def test_a_core_that_is_away_fails_this_row_alone(checks):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    told = checks.run(f"http://127.0.0.1:{port}", "--json", "--write")

    assert red(told) == {"reach": "fail"}
    assert set(told.verdicts.values()) == {"fail", "cannot tell"}
    assert told.code == 4


def test_a_core_whose_ca_is_trusted_passes(secure, authority, checks):
    with secure() as core:
        told = checks.run(core.url, "--json", "--write", core_ca_file=authority.file)

    assert red(told) == {}
    assert "TLS after" in told.document["rows"][0]["evidence"][0]


def test_a_core_whose_ca_is_not_known_is_told_with_the_setting(secure, checks):
    with secure() as core:
        told = checks.run(core.url, "--json", "--write")

    assert red(told) == {"reach": "fail"}
    assert set(told.lines) == {"GATEWAY_CORE_CA_FILE=FILE"}


def test_a_certificate_of_another_name_is_told_with_the_setting(secure, authority, checks):
    with secure("core.test") as core:
        told = checks.run(core.url, "--json", core_ca_file=authority.file)

    assert red(told) == {"reach": "fail"}
    assert set(told.lines) == {"GATEWAY_CORE_URL=https://NAME"}


def test_a_certificate_that_ends_soon_is_a_warning(secure, authority, checks):
    with secure(days=3) as core:
        told = checks.run(core.url, "--json", core_ca_file=authority.file)

    assert red(told) == {"reach": "warn"}
    assert told.code == 3


def trial(url, *addresses, answer_seconds=1.0):
    place = Place(
        base_url=url,
        proxy="",
        tls=Tls(),
        connect_seconds=1.0,
        answer_seconds=answer_seconds,
        most_bytes=1000,
        read=lambda *_: BadAnswer(),
        note=lambda *_, **__: None,
        resolve=lambda *_, **__: [(socket.AF_INET, 0, 0, "", address) for address in addresses],
    )
    return SimpleNamespace(place=place, settings=SimpleNamespace(core=SimpleNamespace(core_connect_timeout=1.0)))


def test_a_name_with_an_address_that_is_dead_is_a_warning():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
        closed.close()
        found = reach.probe(trial("http://core.test", listener.getsockname(), dead))

    assert found.verdict == "warn"
    assert found.told.startswith("1 of 2 addresses can be used")
    assert found.evidence[1] == "IPv4: ECONNREFUSED"


def test_a_name_without_addresses_fails():
    assert reach.probe(trial("http://core.test")).verdict == "fail"


def test_a_name_that_is_not_known_fails():
    def unknown(*_, **__):
        raise socket.gaierror

    asked = trial("http://core.test")
    object.__setattr__(asked.place, "resolve", unknown)

    assert reach.probe(asked).told == "the name of GATEWAY_CORE_URL cannot be looked up: the name did not resolve"


HEAD = b"HTTP/1.1 404 Not Found\r\n"


@pytest.mark.parametrize(
    ("first", "piece", "last"),
    [
        (HEAD, b"X: y\r\n", b"Content-Length: 0\r\n\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"Content-Length: 0\r\n\r\n"),
        (HEAD + b"Content-Length: 40\r\n\r\n", b"x", b""),
    ],
)
def test_a_core_that_sends_a_little_now_and_then_is_not_waited_for(first, piece, last):
    """It would have ended after 40 pieces."""
    with served(lambda sock, ended: drip(sock, ended, first, piece, last)) as address:
        place = trial("http://core.test", address, answer_seconds=0.2).place
        with closing(place.open()) as line:
            seen = line.ask(RequestTemplate.of("PATCH", "http://core.test", {}).prepare("/7", b"{}", {}), 7)

    assert type(seen.error) is TimedOut


def test_a_core_that_talks_at_rest_is_not_listened_to_for_longer_than_the_rest():
    with (
        served(lambda sock, ended: drip(sock, ended, b"", b"x", b"")) as address,
        closing(trial("http://core.test", address).place.open()) as line,
    ):
        assert line.wait_for_end(0.2) is None


def drip(sock, ended, first, piece, last):
    sock.sendall(first)
    for _ in range(40):
        if ended.wait(0.05):
            return
        sock.sendall(piece)
    sock.sendall(last)


@contextmanager
def served(answer):
    """The address of a core that gives one connection to ``answer``."""
    ended = threading.Event()

    def run():
        sock, _ = listener.accept()
        with sock, suppress(OSError):
            answer(sock, ended)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            ended.set()
            thread.join()
