"""The legacy client is put together as the settings say."""

from __future__ import annotations

import pytest

from gateway.settings import SettingsError, load
from gateway.wiring.core import CoreLink
from legacy_client import CallContext, Deadline
from legacy_client.errors import TimedOut
from legacy_client.transport.sessions.transport import SessionsTransport

ENVIRON = {
    "GATEWAY_CORE_URL": "http://127.0.0.1:9",
    "GATEWAY_KEYCLOAK_URL": "http://keycloak.test",
    "GATEWAY_KEYCLOAK_REALM": "partners",
    "GATEWAY_KEYCLOAK_AUDIENCE": "gateway",
    "GATEWAY_CORE_TRANSPORT": "sessions",
    "GATEWAY_CORE_CLIENT_ID": "gateway",
    "GATEWAY_CORE_CLIENT_SECRET": "hush",
}
CONTEXT = CallContext(deadline=Deadline(5), authorization="Bearer caller")


@pytest.fixture
def link(tmp_path):
    links = []

    def make(**environ):
        settings = load(ENVIRON | {f"GATEWAY_{name.upper()}": str(value) for name, value in environ.items()})
        links.append(CoreLink(settings.core, settings.budgets, lambda: lambda: ("fetched", 300.0)))
        return links[-1]

    yield make
    for made in links:
        made.transport.close()


def credentials(made):
    return made.client._wiring.credentials.headers(CONTEXT)


def test_the_callers_token_is_forwarded(link):
    assert credentials(link()) == {"Authorization": "Bearer caller"}


def test_or_none_is_sent(link):
    assert credentials(link(core_auth="none")) == {}


def test_or_a_token_of_the_gateways_own(link):
    assert credentials(link(core_auth="client-credentials")) == {"Authorization": "Bearer fetched"}


def test_or_a_header_from_a_file(link, tmp_path):
    path = tmp_path / "header"
    path.write_text("X-Core-Key: hush\n")

    assert credentials(link(core_auth="static", core_auth_file=path)) == {"X-Core-Key": "hush"}


@pytest.mark.parametrize("content", [None, "", "no header", "A: b\nC: d"])
def test_a_file_that_is_no_header_stops_the_start(link, tmp_path, content):
    path = tmp_path / "header"
    if content is not None:
        path.write_text(content)

    with pytest.raises(SettingsError, match="GATEWAY_CORE_AUTH_FILE"):
        link(core_auth="static", core_auth_file=path)


def test_the_transport_is_a_setting(link):
    assert isinstance(link().transport, SessionsTransport)


def test_readiness_says_that_the_core_cannot_be_reached(link):
    check = link().check()

    assert (check["ready"], check["reason"], check["circuit"]) == (False, "unreachable", "closed")


def test_the_circuit_and_the_limit_are_settings(link):
    snapshot = link(circuit_enabled="false", limit_adaptive="true", core_concurrency=7).gate.snapshot()

    assert (snapshot.circuit, snapshot.limit) == ("closed", 7)


def test_silence_as_long_as_an_attempt_may_take_opens_the_circuit(link):
    gate = link(core_timeout=0.5, circuit_min_calls=1).gate
    gate.refusal()

    gate.record(TimedOut(cut_short=True), 0.5)

    assert gate.snapshot().circuit == "open"
