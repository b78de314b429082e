"""Keycloak goes away and comes back; one stop serves all that is to be seen, since a start takes long."""

from __future__ import annotations

import pytest

from deploy.keycloak.realm import AUDIENCE, credentials
from sandbox.web import call
from tests.e2e.keycloak.real import eventually, send

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(360)]


ASKING = {
    "INTROSPECTION": "true",
    "INTROSPECTION_TTL": "0",
    "INTROSPECTION_CLIENT_ID": AUDIENCE,
    "INTROSPECTION_CLIENT_SECRET": credentials().clients[AUDIENCE],
}


@pytest.fixture
def outage(keycloak):
    """Keycloak, stopped; it runs again when the test has ended, whatever came of it."""
    yield keycloak.part
    if not keycloak.part.is_running():
        keycloak.part.start()


def readiness(stack):
    return call("GET", stack.gateway.url + "/readyz")


def test_an_outage_stops_no_known_key_and_heals_by_itself(keycloak, gateway, make_gateway, outage):
    closed, opened = make_gateway(**ASKING), make_gateway(**ASKING, INTROSPECTION_FAIL_OPEN="true")
    forgetful = make_gateway(KEYS_MAX_STALE="5")
    known, unseen = keycloak.token(), keycloak.token()
    for stack in (gateway, closed, opened, forgetful):
        eventually(lambda stack=stack: send(stack, known).status == 200)

    outage.stop()
    late = make_gateway(ready="/livez")

    # Known tokens go on, and so do new ones of known keys.
    assert {send(stack, token).status for stack in (gateway, opened) for token in (known, unseen)} == {200}
    assert readiness(gateway).status == 200

    # Who must ask Keycloak, never had its keys, or has had them for too long says so.
    eventually(lambda: send(forgetful, known).status == 503)
    for stack in (closed, late, forgetful):
        refused = send(stack, known)
        assert refused.status == 503
        assert int(refused.headers["retry-after"]) >= 1
    assert late.core.control("GET", "calls")["total"] == 0
    for stack in (late, forgetful):
        assert readiness(stack).status == 503
        assert readiness(stack).json()["checks"]["keycloak"]["ready"] is False

    outage.start()

    for stack in (late, forgetful, closed):
        eventually(lambda stack=stack: readiness(stack).status == send(stack, keycloak.token()).status == 200)
    assert send(late, known).status == 200
