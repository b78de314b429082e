"""Tokens that hold by themselves and were revoked all the same: who learns of it, with introspection and without."""

from __future__ import annotations

import os

import pytest

from deploy.keycloak.distribution import VERSION
from deploy.keycloak.realm import AUDIENCE, credentials
from tests.e2e.keycloak.real import eventually, parts, send

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(360)]


@pytest.fixture(scope="module")
def asking(make_gateway):
    """A gateway that asks Keycloak about every token, and believes the answer for a second."""
    secret = credentials().clients[AUDIENCE]
    return make_gateway(
        INTROSPECTION="true",
        INTROSPECTION_TTL="1",
        INTROSPECTION_CLIENT_ID=AUDIENCE,
        INTROSPECTION_CLIENT_SECRET=secret,
    )


@pytest.fixture
def refused_in_time(asking):
    """Asserts that a token is let in, that ``revoke()`` ends this, and that the caller is told so."""

    def check(token, revoke):
        assert send(asking, token).status == 200

        revoke()

        eventually(lambda: send(asking, token).status == 401)
        assert 'error="invalid_token"' in send(asking, token).headers["www-authenticate"]

    return check


def test_a_session_that_was_logged_out(keycloak, refused_in_time):
    answer = keycloak.login("ada")
    form = {"client_id": "portal", "refresh_token": answer["refresh_token"]}

    refused_in_time(answer["access_token"], lambda: keycloak.post("logout", **form))


def test_a_session_that_an_administrator_ended(keycloak, refused_in_time):
    token = keycloak.login("ada")["access_token"]
    user = parts(token)[1]["sub"]

    refused_in_time(token, lambda: keycloak.admin.user_logout(user))


def test_a_token_that_its_client_revoked(keycloak, refused_in_time):
    keycloak.add_partner("careful")
    token = keycloak.token("careful")

    refused_in_time(token, lambda: keycloak.post("revoke", token=token, **keycloak.form_of("careful")))


def test_a_client_that_was_disabled(keycloak, gateway, refused_in_time):
    client = keycloak.add_partner("dismissed")
    token = keycloak.token("dismissed")
    assert send(gateway, token).status == 200

    refused_in_time(token, lambda: keycloak.admin.update_client(client, {"enabled": False}))

    assert keycloak.post("token", grant_type="client_credentials", **keycloak.form_of("dismissed")).status == 401
    # Without introspection a token lives until it expires.
    assert send(gateway, token).status == 200


def test_a_clients_own_not_before(keycloak, refused_in_time):
    client = keycloak.add_partner("leaked")
    token = keycloak.token("leaked")
    after = parts(token)[1]["iat"] + 1

    refused_in_time(token, lambda: keycloak.admin.update_client(client, {"notBefore": after}))


def test_a_user_that_was_disabled(keycloak, refused_in_time):
    token = keycloak.login("ada")["access_token"]
    user = parts(token)[1]["sub"]
    try:
        refused_in_time(token, lambda: keycloak.admin.update_user(user, {"enabled": False}))
    finally:
        keycloak.admin.update_user(user, {"enabled": True})


@pytest.mark.skipif(
    os.environ.get("KEYCLOAK_VERSION", VERSION) != VERSION, reason="older versions tell every confidential client"
)
def test_only_a_client_in_the_audience_is_told_that_a_token_is_active(keycloak):
    token = keycloak.token()

    assert keycloak.introspected(token, AUDIENCE)
    assert not keycloak.introspected(token, "legacy-core")
