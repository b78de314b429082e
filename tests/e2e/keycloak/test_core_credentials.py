"""With whose token the core is called."""

from __future__ import annotations

import pytest

from deploy.keycloak.realm import credentials
from tests.e2e.keycloak.real import eventually, item, parts, send
from tests.e2e.keycloak.recording_core import recording_core

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(360)]


@pytest.fixture
def core():
    with recording_core() as core:
        yield core


@pytest.fixture
def gateway(core, make_gateway):
    """A gateway that calls the core in its own name."""
    own = {"CORE_CLIENT_ID": "gateway", "CORE_CLIENT_SECRET": credentials().clients["gateway"]}
    return make_gateway(CORE_URL=core.url, CORE_AUTH="client_credentials", **own, ready="/livez")


def test_the_callers_own_token_is_forwarded(keycloak, core, make_gateway):
    forwarding = make_gateway(CORE_URL=core.url, CORE_AUTH="forward", ready="/livez")
    token = keycloak.token()

    assert send(forwarding, token).status == 200
    assert core.tokens == [token]


def test_the_gateway_calls_with_one_token_of_its_own_until_the_core_refuses_it(keycloak, core, gateway):
    assert send(gateway, keycloak.token(), *(item(actionId=str(19000 + number)) for number in range(5))).status == 200
    assert send(gateway, keycloak.login("ada")["access_token"]).status == 200

    first = core.tokens[0]
    claims = parts(first)[1]
    assert core.tokens == [first] * 6
    assert (claims["azp"], claims["aud"]) == ("gateway", "legacy-core")
    assert claims["resource_access"] == {"legacy-core": {"roles": ["core:write"]}}

    # A token that is refused when it is ten seconds old was revoked; one refused at once shows a wrong set-up.
    core.refused.add(first)
    eventually(lambda: send(gateway, keycloak.token()).status == 200)
    assert core.tokens[-2] == first
    assert core.tokens[-1] != first
