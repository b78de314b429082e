"""Whom a transport trusts, over every transport with sockets. Where the handshake fails, nothing was sent."""

from __future__ import annotations

import contextlib
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from requests import Response

from legacy_client.deadline import Deadline
from legacy_client.errors import CoreError, Unreachable, Untrusted
from legacy_client.transport.base import Tls
from legacy_client.transport.flow import Flow
from tests.doubles.certificates import Authority
from tests.doubles.core_parts import some_limits
from tests.doubles.fake_core import FakeCore, action, close, hang, reset, send
from tests.doubles.gates import NotingGate
from tests.doubles.stages import ON_SOCKETS, connect, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from legacy_client.transport.base import Transport
    from tests.doubles.fake_core import Step

pytestmark = pytest.mark.parametrize("kind", ON_SOCKETS)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def open_transport(kind: str) -> Iterator[Callable[..., Transport]]:
    with contextlib.ExitStack() as stack:

        def opened(url: str, tls: Tls) -> Transport:
            limits = some_limits(attempt_seconds=5.0, connect_seconds=1.0)
            return stack.enter_context(contextlib.closing(connect(kind, url, NotingGate(), limits, tls)))

        yield opened


def call(transport: Transport, url: str) -> Response | CoreError:
    [(_, result)] = transport.send_many(prepare(url, [1]), Flow(deadline=Deadline(30.0), concurrency=1))
    return result


def test_a_core_with_a_certificate_of_the_given_ca_is_trusted(
    authority: Authority, open_transport: Callable[..., Transport]
) -> None:
    with FakeCore(tls=authority.issue("localhost").server()) as core:
        transport = open_transport(core.url, Tls(ca_file=authority.file))

        assert isinstance(call(transport, core.url), Response)
        assert isinstance(call(transport, core.url), Response)
        assert core.connections == 1
        assert transport.ping() is None


@pytest.mark.parametrize(("host", "days"), [("elsewhere", 1), ("localhost", -1)], ids=["wrong-host", "expired"])
def test_a_certificate_that_is_not_right_is_not_trusted(
    authority: Authority, open_transport: Callable[..., Transport], host: str, days: int
) -> None:
    with FakeCore(tls=authority.issue(host, days=days).server()) as core:
        transport = open_transport(core.url, Tls(ca_file=authority.file))

        assert type(call(transport, core.url)) is Untrusted
        assert type(transport.ping()) is Untrusted
        assert core.requests == []


def test_an_unknown_ca_is_not_trusted(authority: Authority, open_transport: Callable[..., Transport]) -> None:
    with FakeCore(tls=authority.issue("localhost").server()) as core:
        assert type(call(open_transport(core.url, Tls()), core.url)) is Untrusted
        assert core.requests == []


def test_tls_1_1_is_refused(authority: Authority, open_transport: Callable[..., Transport]) -> None:
    context = authority.issue("localhost").server()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with FakeCore(tls=context) as core:
        result = call(open_transport(core.url, Tls(ca_file=authority.file)), core.url)

        assert isinstance(result, Untrusted | Unreachable)
        assert core.requests == []


def test_the_gateway_shows_its_own_certificate(authority: Authority, open_transport: Callable[..., Transport]) -> None:
    own = authority.issue("gateway")
    with FakeCore(tls=authority.issue("localhost").server(clients_of=authority.file)) as core:
        tls = Tls(ca_file=authority.file, cert_file=own.cert_file, key_file=own.key_file)

        assert isinstance(call(open_transport(core.url, tls), core.url), Response)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_core_that_misses_our_certificate_has_not_seen_the_call(
    authority: Authority, open_transport: Callable[..., Transport], version: ssl.TLSVersion
) -> None:
    context = authority.issue("localhost").server(clients_of=authority.file)
    context.maximum_version = version
    with FakeCore(tls=context) as core:
        result = call(open_transport(core.url, Tls(ca_file=authority.file)), core.url)

        assert type(result) is Untrusted
        assert core.requests == []


@pytest.mark.parametrize("size", [10, 4_000_000], ids=["a-small-call", "a-call-that-was-still-being-sent"])
def test_a_refused_certificate_is_never_told_as_unknown(
    authority: Authority, open_transport: Callable[..., Transport], tmp_path: Path, size: int
) -> None:
    ours = Authority(tmp_path, "stranger").issue("gateway")
    with FakeCore(tls=authority.issue("localhost").server(clients_of=authority.file)) as core:
        tls = Tls(ca_file=authority.file, cert_file=ours.cert_file, key_file=ours.key_file)
        transport = open_transport(core.url, tls)
        requests = prepare(core.url, range(8), b'{"title_en":"%b"}' % (b"x" * size))

        results = [result for _, result in transport.send_many(requests, Flow(deadline=Deadline(30.0), concurrency=1))]

    reason = f"TLSV1_ALERT_UNKNOWN_CA, localhost:{core.port}"
    assert [(type(result), result.reason) for result in results] == [(Untrusted, reason)] * 8
    assert core.requests == []


def test_plain_http_where_tls_is_expected_is_not_trusted(
    authority: Authority, open_transport: Callable[..., Transport]
) -> None:
    with FakeCore(on_accept=(send(b"HTTP/1.1 400 Bad Request\r\n\r\n"),)) as core:
        url = core.url.replace("http://", "https://")

        assert type(call(open_transport(url, Tls(ca_file=authority.file)), url)) is Untrusted


# The ssl module itself leaves a socket to the garbage collector where the peer resets it early.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("step", [close(), reset(), hang()], ids=["end-of-stream", "reset", "silence"])
def test_a_handshake_that_does_not_end_is_no_connection(
    authority: Authority, open_transport: Callable[..., Transport], step: Step
) -> None:
    with FakeCore(on_accept=(step,)) as core:
        url = core.url.replace("http://", "https://")
        transport = open_transport(url, Tls(ca_file=authority.file))

        assert type(call(transport, url)) is Unreachable
        assert type(transport.ping()) is Unreachable


def test_a_ca_file_that_was_replaced_holds_for_the_next_connection(
    authority: Authority, open_transport: Callable[..., Transport], tmp_path: Path
) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(Path(Authority(tmp_path, "other").file).read_text())
    with FakeCore(tls=authority.issue("localhost").server(), default=(action(), close())) as core:
        transport = open_transport(core.url, Tls(ca_file=str(trusted)))
        assert isinstance(call(transport, core.url), Untrusted)

        trusted.write_text(Path(authority.file).read_text())

        assert _eventually(lambda: isinstance(call(transport, core.url), Response))


def test_a_new_file_that_cannot_be_used_is_told_with_the_names_of_the_files(
    authority: Authority, open_transport: Callable[..., Transport], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(Path(authority.file).read_text())
    with FakeCore(tls=authority.issue("localhost").server(), default=(action(), close())) as core:
        transport = open_transport(core.url, Tls(ca_file=str(trusted)))
        assert isinstance(call(transport, core.url), Response)

        trusted.write_text("no certificate")

        assert _eventually(lambda: isinstance(call(transport, core.url), Response) and told(caplog))
    assert told(caplog) == [[str(trusted)]]


def told(caplog: pytest.LogCaptureFixture) -> list[list[str]]:
    return [record.files for record in caplog.records if record.message == "core_tls_files_unusable"]


def test_a_client_certificate_that_was_replaced_is_shown_with_the_next_connection(
    authority: Authority, open_transport: Callable[..., Transport], tmp_path: Path
) -> None:
    stranger, ours = Authority(tmp_path, "stranger").issue("gateway"), authority.issue("gateway")
    cert, key = tmp_path / "client.pem", tmp_path / "client.key"
    cert.write_text(Path(stranger.cert_file).read_text())
    key.write_text(Path(stranger.key_file).read_text())
    server = authority.issue("localhost").server(clients_of=authority.file)
    with FakeCore(tls=server, default=(action(), close())) as core:
        transport = open_transport(core.url, Tls(ca_file=authority.file, cert_file=str(cert), key_file=str(key)))
        assert isinstance(call(transport, core.url), Untrusted)

        # A certificate without its key is no pair: the old one stays in force for this moment.
        cert.write_text(Path(ours.cert_file).read_text())
        key.write_text(Path(ours.key_file).read_text())

        assert _eventually(lambda: isinstance(call(transport, core.url), Response))


def test_the_reason_has_what_tls_says_with_host_and_port_and_no_more(
    authority: Authority, open_transport: Callable[..., Transport], tmp_path: Path
) -> None:
    with FakeCore(tls=Authority(tmp_path, "other").issue("localhost").server()) as core:
        transport = open_transport(core.url, Tls(ca_file=authority.file))

        [sent, pinged] = [call(transport, core.url), transport.ping()]

    reason = f"CERTIFICATE_VERIFY_FAILED (unable to get local issuer certificate), localhost:{core.port}"
    assert [sent.reason, pinged.reason] == [reason] * 2


def _eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes true; files are looked at once a second."""
    ends = time.monotonic() + 30.0
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.1)
    return False
