"""python-keycloak against a server that misbehaves in every way: one error, bounded in bytes and time."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.auth.errors import SourceFailed
from gateway.auth.keycloak.client import MAX_ANSWER_BYTES, Server, ask, not_before
from legacy_client.transport.base import Tls
from legacy_client.transport.tls import watched_context
from tests.doubles.certificates import Authority
from tests.doubles.fake_core import FakeCore, refusing, send
from tests.doubles.fake_core import answer as core_answer
from tests.doubles.issuer import JWKS
from tests.doubles.loopback import Handler, Loopback, answer
from tests.doubles.rules import keycloak_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CERTS = "/realms/partners/protocol/openid-connect/certs"


def certs(server: Loopback, *, timeout: float = 5, base: str = "") -> dict[str, object]:
    return ask(keycloak_server(server.url + base, timeout=timeout).client("partners").certs)


def test_the_keys_come_as_published(loopback: Loopback):
    loopback.paths[CERTS] = answer(JWKS)

    assert certs(loopback) == JWKS
    assert loopback.hits == [f"GET {CERTS}"]


@pytest.mark.parametrize("base", ["/auth", "/auth/", "/deep/er/"])
def test_a_base_path_is_kept_with_and_without_its_slash(loopback: Loopback, base: str):
    loopback.paths[base.rstrip("/") + CERTS] = answer(JWKS)

    assert certs(loopback, base=base) == JWKS


def test_a_compressed_answer_is_read(loopback: Loopback):
    loopback.paths[CERTS] = answer(gzip.compress(b'{"keys": []}'), Content_Encoding="gzip")

    assert certs(loopback) == {"keys": []}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        pytest.param(answer(b"<html>login</html>"), "TypeError", id="HTML with 200"),
        pytest.param(answer(b""), "TypeError", id="empty"),
        pytest.param(answer([1]), "TypeError", id="a list"),
        pytest.param(answer("text"), "TypeError", id="a text"),
        pytest.param(answer(b"[" * 100_000), "RecursionError", id="deep"),
        pytest.param(answer({"error": "x"}, 500), "status 500", id="500"),
        pytest.param(answer({"error": "x"}, 404), "status 404", id="no such realm"),
        pytest.param(answer({"error": "x"}, 401), "status 401", id="401"),
        pytest.param(answer({"error": "x"}, 429), "status 429", id="429"),
        pytest.param(answer([1], 503), "TypeError", id="503 with a list"),
        pytest.param(answer(None, 503), "TypeError", id="503 with null"),
        pytest.param(answer(b"x" * (MAX_ANSWER_BYTES + 1)), "too long", id="too long"),
        pytest.param(
            answer(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"), "too long", id="decompression bomb"
        ),
        pytest.param(answer(b"x" * 40, Content_Encoding="gzip"), "DecodeError", id="not the encoding it says"),
    ],
)
def test_a_wrong_answer_is_one_error(loopback: Loopback, wrong: Callable[[Handler], None], reason: str):
    loopback.paths[CERTS] = wrong

    with pytest.raises(SourceFailed, match=reason):
        certs(loopback)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(loopback: Loopback, status: int):
    loopback.paths[CERTS] = answer(b"", status, Location=f"{loopback.url}/elsewhere")
    loopback.paths["/elsewhere"] = answer(JWKS)

    with pytest.raises(SourceFailed, match="redirect"):
        certs(loopback)

    assert loopback.hits == [f"GET {CERTS}"]


def test_a_failure_is_not_repeated_by_the_library(loopback: Loopback):
    loopback.paths[CERTS] = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)

    with pytest.raises(SourceFailed):
        certs(loopback)

    assert len(loopback.hits) == 1


def test_no_cookie_is_kept(loopback: Loopback):
    loopback.paths[CERTS] = answer(JWKS, Set_Cookie="AUTH_SESSION=1; Path=/")
    client = keycloak_server(loopback.url).client("partners")

    ask(client.certs)
    ask(client.certs)

    assert all("Cookie" not in headers for headers in loopback.headers)


def test_a_server_that_hangs_is_left_after_the_timeout(loopback: Loopback):
    released = threading.Event()
    loopback.paths[CERTS] = lambda handler: released.wait(20)

    with pytest.raises(SourceFailed, match="ReadTimeout"):
        certs(loopback, timeout=0.1)
    released.set()


def test_a_server_that_drips_is_left_after_the_timeout(loopback: Loopback):
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        try:
            for _ in range(1000):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.01)
        except OSError:
            pass

    loopback.paths[CERTS] = drip

    with pytest.raises(SourceFailed, match="too slow"):
        certs(loopback, timeout=0.2)


def test_a_truncated_answer_is_no_answer(loopback: Loopback):
    def truncate(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"keys": []}')
        handler.close_connection = True

    loopback.paths[CERTS] = truncate

    with pytest.raises(SourceFailed):
        certs(loopback)


def test_a_server_that_is_down_is_one_error():
    client = keycloak_server("http://127.0.0.1:9", timeout=1).client("partners")

    with pytest.raises(SourceFailed, match="ECONNREFUSED"):
        ask(client.certs)


def test_an_answer_that_is_no_object_is_one_error():
    with pytest.raises(SourceFailed, match="not a JSON object"):
        ask(lambda: b"")


@pytest.mark.parametrize(("page", "expected"), [({"tokens-not-before": 1_700_000_000}, 1_700_000_000), ({}, 0)])
def test_the_not_before_policy_stands_on_the_page_of_the_realm(loopback: Loopback, page: dict, expected: int):
    loopback.paths["/realms/partners"] = answer(page)

    assert not_before(keycloak_server(loopback.url).client("partners")) == expected


@pytest.mark.parametrize("value", ["1", True, None, 1.5, [1]])
def test_a_not_before_policy_that_is_no_number_is_no_policy(loopback: Loopback, value: object):
    loopback.paths["/realms/partners"] = answer({"tokens-not-before": value})

    with pytest.raises(SourceFailed):
        not_before(keycloak_server(loopback.url).client("partners"))


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_used(loopback: Loopback, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    loopback.paths[CERTS] = answer(JWKS)

    assert certs(loopback) == JWKS


def test_a_proxy_that_was_set_is_used(loopback: Loopback):
    loopback.paths[f"http://keycloak.test{CERTS}"] = answer(JWKS)
    server = keycloak_server("http://keycloak.test", proxy=loopback.url)

    assert ask(server.client("partners").certs) == JWKS


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[FakeCore, Authority]]:
    authority = Authority(tmp_path)
    published = (send(core_answer(200, JWKS)),)
    with FakeCore(tls=authority.issue("localhost").server(), default=published) as server:
        yield server, authority


def over_tls(server: FakeCore, contexts: Callable[[], ssl.SSLContext]) -> Server:
    return keycloak_server(f"https://localhost:{server.port}", contexts=contexts)


def test_a_bundle_of_the_environment_changes_nobody_whom_we_trust(
    secure: tuple[FakeCore, Authority], monkeypatch: pytest.MonkeyPatch
):
    server, authority = secure
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, authority.file)

    with pytest.raises(SourceFailed):
        ask(over_tls(server, ssl.create_default_context).client("partners").certs)


def test_the_file_of_our_setting_says_whom_to_trust_and_is_read_again_when_replaced(
    secure: tuple[FakeCore, Authority], tmp_path: Path
):
    server, authority = secure
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(Path(Authority(tmp_path, "other").file).read_text())
    contexts = watched_context(Tls(ca_file=str(trusted)))
    client = over_tls(server, contexts).client("partners")
    with pytest.raises(SourceFailed):
        ask(client.certs)
    refused = contexts()

    trusted.write_text(Path(authority.file).read_text())
    until = time.monotonic() + 30
    while contexts() is refused:
        assert time.monotonic() < until
        time.sleep(0.05)

    assert ask(client.certs) == JWKS


def test_a_connection_that_fails_is_told_with_its_reason_host_and_port():
    with refusing() as url:
        address = url.removeprefix("http://").removesuffix("/core")
        with pytest.raises(SourceFailed) as failed:
            ask(keycloak_server(url).client("partners").certs)

    assert failed.value.reason == f"ECONNREFUSED, {address}"


def test_a_certificate_that_does_not_hold_is_told_with_its_reason_host_and_port(tmp_path: Path):
    tls = Authority(tmp_path).issue("localhost").server()
    with FakeCore(tls=tls) as server, pytest.raises(SourceFailed) as failed:
        ask(keycloak_server(server.url).client("partners").certs)

    reason = "CERTIFICATE_VERIFY_FAILED (unable to get local issuer certificate)"
    assert failed.value.reason == f"{reason}, localhost:{server.port}"


def test_a_name_that_does_not_resolve_is_told():
    with pytest.raises(SourceFailed, match=r"^the name did not resolve, keycloak\.invalid:443$"):
        ask(keycloak_server("https://keycloak.invalid").client("partners").certs)


def test_a_proxy_that_is_not_there_is_told_as_the_proxy():
    with refusing() as proxy, pytest.raises(SourceFailed, match=r"^the proxy: ECONNREFUSED, keycloak\.test:443$"):
        ask(keycloak_server("https://keycloak.test", proxy=proxy.removesuffix("/core")).client("partners").certs)


def test_a_proxy_that_refuses_is_told_with_its_status():
    with FakeCore(on_accept=(send(b"HTTP/1.1 407 Who Are You\r\n\r\n"),)) as proxy:
        server = keycloak_server("https://keycloak.test", proxy=proxy.url.removesuffix("/core"))
        with pytest.raises(SourceFailed, match=r"^the proxy: status 407, keycloak\.test:443$"):
            ask(server.client("partners").certs)


def test_a_reason_never_has_what_stands_before_the_host():
    with refusing() as url, pytest.raises(SourceFailed) as failed:
        ask(keycloak_server(url.replace("http://", "http://name:secret@")).client("partners").certs)

    assert "secret" not in failed.value.reason
