"""The legacy client is put together as the settings say."""

from __future__ import annotations

import math
import threading

import pytest

from gateway.settings import SettingsError, load
from gateway.wiring.core import CoreLink
from legacy_client import CallContext, Deadline
from legacy_client.errors import TimedOut, Unreachable
from legacy_client.transport.base import Limits
from legacy_client.transport.memory import answer
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
CONTEXT = CallContext(concurrency=32, deadline=Deadline(5), authorization="Bearer caller")


@pytest.fixture
def link(tmp_path):
    links = []

    def make(**environ):
        settings = load(ENVIRON | {f"GATEWAY_{name.upper()}": str(value) for name, value in environ.items()})
        links.append(CoreLink(settings.core, settings.budgets, lambda: ("fetched", 300.0)))
        return links[-1]

    yield make
    for made in links:
        made.transport.close()


def credentials(made):
    return made.client._shared.credentials.headers(CONTEXT)


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


@pytest.mark.parametrize(
    ("result", "reason", "detail"),
    [
        (Unreachable("ECONNREFUSED, core.test:80"), "unreachable", "ECONNREFUSED, core.test:80"),
        (answer(500), "5xx", "status 500"),
        (answer(503), "busy", "status 503"),
    ],
    ids=["no-connection", "server-error", "busy"],
)
def test_readiness_says_why_the_circuit_is_open_without_a_look(link, result, reason, detail):
    made = link(circuit_min_calls=1)
    made.gate.admit()
    made.gate.record([result], [0.1])

    check = made.check()

    assert (check["ready"], check["circuit"], check["reason"], check["detail"]) == (False, "open", reason, detail)
    assert made._reachability._looked_at == -math.inf


def test_readiness_says_that_unreadable_answers_opened_the_circuit(link):
    made = link(circuit_min_calls=1)
    made.gate.admit()
    made.gate.record([answer(200, b"<html>")], [0.1])
    made.gate.misread()

    check = made.check()

    assert (check["circuit"], check["reason"], check["detail"]) == ("open", "bad_answer", "a 2xx that cannot be read")


def test_a_token_for_the_core_is_fetched_at_the_start(tmp_path):
    fetched = threading.Event()
    settings = load(ENVIRON | {"GATEWAY_CORE_AUTH": "client-credentials"})
    made = CoreLink(settings.core, settings.budgets, lambda: fetched.set() or ("fetched", 300.0))

    made.start()

    assert fetched.wait(20)
    made.transport.close()


def test_the_circuit_and_the_limit_are_settings(link):
    snapshot = link(circuit_enabled="false", limit_adaptive="true", core_concurrency=7).gate.snapshot()

    assert (snapshot.circuit, snapshot.limit) == ("closed", 7)


def test_silence_as_long_as_an_attempt_may_take_opens_the_circuit(link):
    gate = link(core_timeout=0.5, circuit_min_calls=1).gate
    gate.admit()

    gate.record([TimedOut(cut_short=True)], [0.5])

    assert gate.snapshot().circuit == "open"


def test_the_bounds_of_connections_and_answers_are_settings(link):
    given = {
        "core_concurrency": 7,
        "core_timeout": 3,
        "core_connect_timeout": 0.5,
        "core_keepalive": 9,
        "core_connection_age": 60,
        "core_max_answer_bytes": 2048,
        "core_deadline_header": "X-Left",
    }

    assert link(**given).transport._limits == Limits(
        connections=7,
        attempt_seconds=3,
        connect_seconds=0.5,
        idle_seconds=9,
        max_age_seconds=60,
        max_answer_bytes=2048,
        deadline_header="X-Left",
    )
    assert link(core_connection_age=0).transport._limits.max_age_seconds == math.inf


def test_no_more_is_read_of_an_answer_than_the_transport_may_read(link):
    reader = link(core_max_answer_bytes=2048).client._shared.reader

    assert reader._max_bytes == 2048


def test_how_often_and_how_soon_an_item_is_sent_again_are_settings(link):
    retries = link(retry_attempts=2, retry_base=0.2, retry_cap=0.4).client._shared.retries
    pauses = []

    rounds = retries.rounds(lambda: 60.0, pauses.append)
    for one in rounds:
        with one:
            pass
        one.retry_state.set_result({0: TimedOut()})

    assert len(pauses) == 1
    assert 0 <= pauses[0] <= 0.4


@pytest.mark.parametrize("atomic", [True, False])
def test_that_a_failure_of_the_core_applied_nothing_is_a_setting(link, atomic):
    assert link(core_atomic_errors=atomic).client._shared.reader._atomic_errors is atomic


def test_the_circuit_has_a_window_of_calls_as_the_settings_say(link):
    gate = link(circuit_min_calls=3, circuit_window=30, circuit_open=5).gate

    for _ in range(2):
        gate.record([TimedOut()], [1.0])
    assert gate.snapshot().circuit == "closed"
    gate.record([TimedOut()], [1.0])

    assert gate.snapshot().circuit == "open"
