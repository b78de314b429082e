"""Which partners a caller may name, by a claim; and the two other demands that a gateway can make of a token."""

from __future__ import annotations

import pytest

from sandbox.web import call
from tests.e2e.keycloak.real import OWN_PARTNER, SCOPE, challenge, hardcoded, item, parts, send
from tests.e2e.stack import CoreView

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(360)]
SECOND_PARTNER = OWN_PARTNER[:-1] + "1"
FOREIGN_PARTNER = OWN_PARTNER[:-1] + "f"


@pytest.fixture(scope="module")
def strict(make_gateway):
    clients = "partner,portal,listed,single,nobody,muddled"
    return make_gateway(PARTNER_CLAIM="partners", REQUIRED_SCOPE=SCOPE, JWT_AUTHORIZED_PARTIES=clients)


@pytest.fixture
def core(strict):
    strict.core.control("POST", "reset")
    return CoreView(strict)


def test_a_partner_may_name_itself(keycloak, strict, core):
    reply = send(strict, keycloak.token(scope=SCOPE), item(partner_ids=[OWN_PARTNER]), item(actionId="19001"))

    assert reply.status == 200
    assert reply.json()["data"][0]["partner_ids"] == [OWN_PARTNER]
    assert core.counts()["applied"] == 2


def test_a_partner_may_not_name_another(keycloak, strict, core):
    named = item(partner_ids=[OWN_PARTNER, FOREIGN_PARTNER])
    reply = send(strict, keycloak.token(scope=SCOPE), item(actionId="19001"), named)

    assert reply.status == 400
    assert reply.json()["type"].endswith("validation-failed")
    assert [(error["index"], error["field"]) for error in reply.json()["errors"]] == [(1, "partner_ids.1")]
    assert core.counts()["total"] == 0


def test_a_user_may_name_all_partners_of_the_users_attribute(keycloak, strict, core):
    token = keycloak.login("ada", scope=SCOPE)["access_token"]

    assert send(strict, token, item(partner_ids=[OWN_PARTNER, SECOND_PARTNER])).status == 200
    assert send(strict, token, item(partner_ids=[FOREIGN_PARTNER])).status == 400


@pytest.mark.parametrize(("client", "value"), [("listed", [SECOND_PARTNER]), ("single", SECOND_PARTNER.upper())])
def test_a_claim_fixed_at_the_client_is_a_list_or_one_text(keycloak, strict, core, client, value):
    keycloak.add_partner(client, protocolMappers=[hardcoded("partners", value)])
    token = keycloak.token(client, scope=SCOPE)

    assert send(strict, token, item(partner_ids=[SECOND_PARTNER])).status == 200
    assert send(strict, token, item(partner_ids=[OWN_PARTNER])).status == 400


def test_a_caller_without_the_claim_may_name_no_partner(keycloak, strict, core):
    keycloak.add_partner("nobody")
    token = keycloak.token("nobody", scope=SCOPE)

    assert send(strict, token, item()).status == 200
    assert send(strict, token, item(partner_ids=[OWN_PARTNER])).status == 400


def test_a_claim_of_another_type_lets_nobody_in(keycloak, strict, core):
    keycloak.add_partner("muddled", protocolMappers=[hardcoded("partners", {"own": [OWN_PARTNER]})])

    assert challenge(send(strict, keycloak.token("muddled", scope=SCOPE)))[0] == 401


def test_a_token_without_the_scope_is_told_which_one_is_missing(keycloak, strict, core):
    assert challenge(send(strict, keycloak.token())) == (
        403,
        f'Bearer realm="gateway", error="insufficient_scope", scope="{SCOPE}"',
    )


def test_a_client_that_is_not_on_the_list_is_refused(keycloak, strict, core):
    keycloak.add_partner("unlisted")

    assert challenge(send(strict, keycloak.token("unlisted", scope=SCOPE)))[0] == 401


def test_a_user_cannot_add_a_partner_to_the_users_own_account(keycloak, strict, core):
    """The attribute is the administrators' alone, as ``realm.json`` and the guide have it."""
    keycloak.add_partner("self-service", directAccessGrantsEnabled=True)
    token = keycloak.login("ada", client="self-service")["access_token"]
    own = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    account = call("GET", f"{keycloak.url}/account/", headers=own).json()
    assert account["username"] == "ada"

    changed = {**account, "firstName": "Augusta", "attributes": {"partners": [FOREIGN_PARTNER]}}
    reply = call("POST", f"{keycloak.url}/account/", json_body=changed, headers=own)

    assert [error["field"] for error in reply.json()["errors"]] == ["partners"]
    assert FOREIGN_PARTNER not in parts(keycloak.login("ada")["access_token"])[1]["partners"]
