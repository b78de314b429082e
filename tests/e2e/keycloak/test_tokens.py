"""Keycloak's own tokens at the bulk endpoint: which are let in, and what the others are told."""

from __future__ import annotations

import json
import time

import pytest
from joserfc import jwk, jwt

from deploy.keycloak.distribution import ADMIN
from deploy.keycloak.realm import AUDIENCE, ROLE
from tests.e2e.keycloak.real import (
    OWN_PARTNER,
    SECRET,
    Keycloak,
    audience_in_id_token,
    challenge,
    eventually,
    hardcoded,
    item,
    parts,
    send,
)

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(360)]
INVALID = (401, 'Bearer realm="gateway", error="invalid_token"')


def test_a_partner_with_the_role_is_let_in(keycloak, gateway, core):
    reply = send(gateway, keycloak.token(), item(), item(actionId="19001"))

    assert reply.status == 200
    assert [action["actionId"] for action in reply.json()["data"]] == ["19000", "19001"]
    assert core.counts()["applied"] == 2


def test_a_user_who_logged_in_with_a_password_is_let_in(keycloak, gateway, core):
    assert send(gateway, keycloak.login("ada")["access_token"]).status == 200
    assert core.counts()["applied"] == 1


@pytest.mark.parametrize("token_of", [lambda kc: kc.token("reader"), lambda kc: kc.login("bob")["access_token"]])
def test_a_caller_without_the_role_is_told_which_one_is_missing(keycloak, gateway, core, token_of):
    assert challenge(send(gateway, token_of(keycloak))) == (
        403,
        f'Bearer realm="gateway", error="insufficient_scope", scope="{ROLE}"',
    )
    assert core.counts()["total"] == 0


def test_a_token_for_another_service_is_refused(keycloak, gateway, core):
    assert challenge(send(gateway, keycloak.token("stranger"))) == INVALID
    assert core.counts()["total"] == 0


def test_a_token_of_another_realm_is_refused(keycloak, gateway, core):
    master = Keycloak(keycloak.part, keycloak.home, "master")
    answer = master.granted(grant_type="password", client_id="admin-cli", username=ADMIN, password=ADMIN)

    assert challenge(send(gateway, answer["access_token"])) == INVALID
    assert core.counts()["total"] == 0


def test_an_id_token_is_refused_even_where_it_names_the_gateway(keycloak, gateway, core):
    keycloak.add_partner("chatty", directAccessGrantsEnabled=True, protocolMappers=[audience_in_id_token()])
    tokens = keycloak.login("ada", client="chatty")

    assert AUDIENCE in parts(tokens["id_token"])[1]["aud"]
    assert challenge(send(gateway, tokens["id_token"])) == INVALID
    assert core.counts()["total"] == 0


def test_a_refresh_token_is_refused(keycloak, gateway, core):
    assert challenge(send(gateway, keycloak.login("ada")["refresh_token"])) == INVALID
    assert core.counts()["total"] == 0


def test_an_expired_token_is_refused_though_it_was_known(keycloak, gateway):
    keycloak.add_partner("hasty", attributes={"access.token.lifespan": "3"})
    token = keycloak.token("hasty")

    assert send(gateway, token).status == 200
    eventually(lambda: send(gateway, token).status == 401)


def test_a_token_with_other_claims_than_were_signed_is_refused(keycloak, gateway, core):
    head, _, signature = keycloak.token("reader").split(".")
    claims = keycloak.token("partner").split(".")[1]

    assert challenge(send(gateway, f"{head}.{claims}.{signature}")) == INVALID
    assert core.counts()["total"] == 0


def test_a_token_with_the_type_of_rfc_9068_is_let_in(keycloak, gateway):
    keycloak.add_partner("modern", attributes={"access.token.header.type.rfc9068": "true"})
    token = keycloak.token("modern")

    assert parts(token)[0]["typ"] == "at+jwt"
    assert send(gateway, token).status == 200


@pytest.mark.parametrize("algorithm", ["PS256", "RS512", "ES256", "ES384", "ES512", "EdDSA"])
def test_every_algorithm_keycloak_signs_with_is_verified(keycloak, gateway, algorithm):
    keycloak.add_partner(f"signed-{algorithm}", attributes={"access.token.signed.response.alg": algorithm})
    token = keycloak.token(f"signed-{algorithm}")

    assert parts(token)[0]["alg"] == algorithm
    # Keycloak makes the key when it is first needed; the gateway learns of it with the next look-up.
    eventually(lambda: send(gateway, token).status == 200)


def test_a_token_signed_with_a_shared_secret_is_refused(keycloak, gateway):
    keycloak.add_partner("shared", attributes={"access.token.signed.response.alg": "HS256"})

    assert challenge(send(gateway, keycloak.token("shared"))) == INVALID


def test_a_lightweight_token_carries_too_little_to_be_let_in(keycloak, gateway):
    keycloak.add_partner("light", attributes={"client.use.lightweight.access.token.enabled": "true"})

    assert challenge(send(gateway, keycloak.token("light"))) == INVALID


def test_a_token_bound_to_a_key_is_refused_as_a_bearer_token(keycloak, gateway):
    keycloak.add_partner("bound")
    token = keycloak.token("bound", headers={"DPoP": proof(f"{keycloak.url}/protocol/openid-connect/token")})

    assert "jkt" in parts(token)[1]["cnf"]
    assert challenge(send(gateway, token)) == INVALID


@pytest.mark.parametrize(("many", "status"), [(100, 200), (250, 431)])
def test_a_hundred_partners_fit_into_a_token(keycloak, gateway, many, status):
    partners = [OWN_PARTNER[:-2] + f"{number:02x}" for number in range(many)]
    keycloak.add_partner(f"wholesale-{many}", protocolMappers=[hardcoded("partners", partners)])

    assert send(gateway, keycloak.token(f"wholesale-{many}")).status == status


def test_a_role_in_the_scope_itself_hides_the_audience_from_callers_without_the_role(keycloak, gateway):
    """Why the guide grants the role by the client: these callers get 401, where they should learn what they lack."""
    admin = keycloak.admin
    owner = admin.get_client_id(AUDIENCE)
    scope = admin.create_client_scope({"name": "hidden", "protocol": "openid-connect"})
    admin.add_mapper_to_client_scope(scope, audience_in_id_token())
    mapping = f"admin/realms/{keycloak.realm}/client-scopes/{scope}/scope-mappings/clients/{owner}"
    admin.connection.raw_post(mapping, data=json.dumps([admin.get_client_role(owner, ROLE)]))
    client = {"clientId": "puzzled", "secret": SECRET, "serviceAccountsEnabled": True}
    admin.create_client({**client, "defaultClientScopes": ["basic", "hidden"]})

    assert "aud" not in parts(keycloak.token("puzzled"))[1]
    assert challenge(send(gateway, keycloak.token("puzzled"))) == INVALID


def proof(url):
    """What a client sends to have its token bound to a key (RFC 9449 §4.2)."""
    key = jwk.ECKey.generate_key("P-256")
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, {"jti": str(time.time_ns()), "htm": "POST", "htu": url, "iat": int(time.time())}, key)
