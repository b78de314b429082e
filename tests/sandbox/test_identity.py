"""The identity provider: what python-keycloak and an OIDC client see, and what only tests may do."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace

import pytest
import requests
from jwcrypto import jwk
from jwcrypto.common import JWException
from keycloak import KeycloakOpenID
from keycloak.exceptions import KeycloakAuthenticationError, KeycloakConnectionError, KeycloakError, KeycloakGetError

from sandbox.identity.app import Identity
from sandbox.identity.climate import Climate
from sandbox.identity.keys import KeyRing
from sandbox.identity.realm import Realm


class Provider(SimpleNamespace):
    """A provider that runs: ``url``, and verbs over HTTP."""

    def openid(self, client="portal", secret=None, realm="partners"):
        return KeycloakOpenID(
            server_url=f"{self.url}/", realm_name=realm, client_id=client, client_secret_key=secret, timeout=1
        )

    def control(self, name, body=None, method="POST"):
        answer = requests.request(method, f"{self.url}/_sandbox/{name}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, endpoint, auth=None, **form):
        url = f"{self.url}/realms/partners/protocol/openid-connect/{endpoint}"
        return requests.post(url, data=form, auth=auth, timeout=10)

    def calls(self):
        return self.control("calls", method="GET")["by_endpoint"]


@pytest.fixture
def provider(serve, request) -> Provider:
    def build(url):
        names = ("partners", *getattr(request, "param", ()))
        return Identity(
            {name: Realm(name, f"{url}/realms/{name}", KeyRing("RS256"), 300) for name in names}, Climate({})
        )

    return Provider(url=serve(build))


def partner_token(provider):
    return provider.openid("partner", "partner-secret").token(grant_type="client_credentials")["access_token"]


def header_of(token):
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_python_keycloak_decodes_a_service_accounts_token_unchanged(provider):
    token = partner_token(provider)

    claims = provider.openid().decode_token(token)

    assert header_of(token).keys() == {"alg", "typ", "kid"}
    assert header_of(token)["typ"] == "JWT"
    assert claims["iss"] == f"{provider.url}/realms/partners"
    assert claims["aud"] == ["bulk-update-gateway", "account"]
    assert claims["typ"] == "Bearer"
    assert claims["azp"] == claims["client_id"] == "partner"
    assert "actions:write" in claims["realm_access"]["roles"]
    assert claims["scope"] == "email profile openid"
    assert claims["preferred_username"] == "service-account-partner"
    assert claims["exp"] - claims["iat"] == 300
    assert claims.keys() >= {"jti", "sub", "acr", "resource_access"}


def test_the_realm_page_shows_the_key_that_signs(provider):
    openid = provider.openid()
    pem = f"-----BEGIN PUBLIC KEY-----\n{openid.public_key()}\n-----END PUBLIC KEY-----"

    claims = openid.decode_token(partner_token(provider), key=jwk.JWK.from_pem(pem.encode()))

    assert claims["azp"] == "partner"


def test_the_key_set_is_keycloaks(provider):
    signing, encryption = provider.openid().certs()["keys"]

    assert {"kid", "kty", "alg", "use", "n", "e", "x5c", "x5t", "x5t#S256"} == signing.keys()
    assert (signing["use"], signing["alg"]) == ("sig", "RS256")
    assert (encryption["use"], encryption["alg"]) == ("enc", "RSA-OAEP")


def test_a_client_without_the_role_gets_a_token_without_it(provider):
    token = provider.openid("reader", "reader-secret").token(grant_type="client_credentials")["access_token"]

    assert "actions:write" not in provider.openid().decode_token(token)["realm_access"]["roles"]


def test_a_user_logs_in_with_a_password_and_gets_a_session(provider):
    openid = provider.openid()

    answer = openid.token("ada", "ada-password")

    assert openid.decode_token(answer["access_token"])["preferred_username"] == "ada"
    assert openid.decode_token(answer["id_token"])["aud"] == "portal"
    assert openid.userinfo(answer["access_token"])["preferred_username"] == "ada"
    assert (
        openid.decode_token(openid.refresh_token(answer["refresh_token"])["access_token"])["sid"]
        == answer["session_state"]
    )


def test_a_client_gets_only_the_scopes_it_may_have(provider):
    openid = provider.openid("partner", "partner-secret")

    token = openid.token(grant_type="client_credentials", scope="actions:write admin")["access_token"]

    assert openid.decode_token(token)["scope"] == "email profile actions:write"


def test_introspection_is_for_confidential_clients(provider):
    token = partner_token(provider)
    gateway = provider.openid("gateway", "gateway-secret")

    assert gateway.introspect(token)["active"] is True
    assert gateway.introspect(token)["client_id"] == "partner"
    assert gateway.introspect(token + "x") == {"active": False}
    with pytest.raises(KeycloakAuthenticationError):
        provider.openid("portal").introspect(token)


def test_a_token_is_inactive_after_its_revocation(provider):
    token = partner_token(provider)

    answer = provider.post("revoke", auth=("partner", "partner-secret"), token=token)

    assert (answer.status_code, answer.content) == (200, b"")
    assert provider.openid("gateway", "gateway-secret").introspect(token) == {"active": False}


def test_a_logout_ends_every_token_of_the_session(provider):
    openid, gateway = provider.openid(), provider.openid("gateway", "gateway-secret")
    mine, other = openid.token("ada", "ada-password"), openid.token("ada", "ada-password")

    openid.logout(mine["refresh_token"])

    assert gateway.introspect(mine["access_token"]) == {"active": False}
    assert gateway.introspect(other["access_token"])["active"] is True
    with pytest.raises(KeycloakError):
        openid.refresh_token(mine["refresh_token"])


def test_the_metadata_names_endpoints_that_answer(provider):
    metadata = provider.openid().well_known()

    assert metadata["issuer"] == f"{provider.url}/realms/partners"
    assert requests.get(metadata["jwks_uri"], timeout=10).status_code == 200
    for name in ("token", "introspection", "revocation", "end_session", "userinfo"):
        assert requests.post(metadata[f"{name}_endpoint"], timeout=10).status_code in (400, 401)
    assert requests.get(metadata["authorization_endpoint"], timeout=10).status_code == 400


@pytest.mark.parametrize("provider", [["staff"]], indirect=True)
def test_another_realm_has_keys_of_its_own(provider):
    token = partner_token(provider)

    with pytest.raises(JWException):
        provider.openid(realm="staff").decode_token(token)
    with pytest.raises(KeycloakGetError) as caught:
        provider.openid(realm="nowhere").certs()
    assert caught.value.response_code == 404


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "portal"}, 401, "unauthorized_client"),
        ({"grant_type": "client_credentials", "client_id": "partner", "client_secret": "x"}, 401, "invalid_client"),
        ({"grant_type": "password", "client_id": "portal", "username": "ada", "password": "x"}, 401, "invalid_grant"),
        ({"grant_type": "password", "client_id": "portal", "username": "eve"}, 401, "invalid_grant"),
        ({"grant_type": "refresh_token", "client_id": "portal", "refresh_token": "a.b.c"}, 400, "invalid_grant"),
    ],
)
def test_a_refused_grant_says_why_as_keycloak_does(provider, form, status, error):
    answer = provider.post("token", **form)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]


def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies(provider):
    old = partner_token(provider)

    kid = provider.control("rotate", {"algorithm": "ES256"})["kid"]
    new = partner_token(provider)

    assert header_of(new) == {"alg": "ES256", "typ": "JWT", "kid": kid}
    assert provider.openid().decode_token(old)["azp"] == "partner"
    assert provider.openid().decode_token(new, algs=["ES256"])["azp"] == "partner"


def test_a_withdrawn_key_verifies_no_more(provider):
    old = partner_token(provider)
    provider.control("rotate")

    assert provider.control("withdraw") == {"withdrawn": [header_of(old)["kid"]]}

    with pytest.raises(JWException):
        provider.openid().decode_token(old)


def test_a_token_can_be_made_to_order(provider):
    wanted = {"claims": {"aud": "other", "azp": None}, "header": {"typ": "at+jwt"}}

    token = provider.control("mint", wanted)["token"]

    claims = provider.openid().decode_token(token)
    assert claims["aud"] == "other"
    assert "azp" not in claims
    assert header_of(token)["typ"] == "at+jwt"


@pytest.mark.parametrize("key", ["foreign", "none"])
def test_a_token_of_a_key_nobody_published_is_refused(provider, key):
    token = provider.control("mint", {"key": key})["token"]

    assert header_of(token)["kid"] == header_of(partner_token(provider))["kid"]
    with pytest.raises(JWException):
        provider.openid().decode_token(token)


@pytest.mark.parametrize(
    ("control", "body"),
    [
        ("mint", {"client": "nobody"}),
        ("mint", {"key": "nothing"}),
        ("mint", {"realm": "nowhere"}),
        ("mint", []),
        ("rotate", {"algorithm": "HS256"}),
    ],
)
def test_a_control_that_makes_no_sense_is_refused(provider, control, body):
    assert requests.post(f"{provider.url}/_sandbox/{control}", json=body, timeout=10).status_code == 400


def test_calls_are_counted_by_endpoint(provider):
    provider.openid().certs()
    provider.openid().certs()
    provider.openid().public_key()

    assert provider.calls() == {"certs": 2, "realm": 1}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("503", KeycloakGetError),
        ("reset", KeycloakConnectionError),
        ("hang", KeycloakConnectionError),
        ("html", TypeError),
        ("list", TypeError),
    ],
)
def test_an_endpoint_can_fall_ill_alone(provider, fault, error):
    provider.control("weather", {"faults": [fault], "endpoints": ["certs"]}, method="PUT")

    assert provider.openid().well_known()
    with pytest.raises(error):
        provider.openid().certs()

    provider.control("reset")
    assert provider.openid().certs()


DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def a_device(provider):
    """What a device is told, and how it asks for its tokens."""
    told = provider.post("auth/device", client_id="portal").json()

    def ask(client="portal", code=told["device_code"]):
        return provider.post("token", grant_type=DEVICE, device_code=code, client_id=client)

    return told, ask


def decide(told, **form):
    given = {"user_code": told["user_code"], "username": "ada", "password": "ada-password", **form}
    return requests.post(told["verification_uri"], data=given, timeout=10).text


def test_a_device_is_let_in_once_after_a_person_agreed(provider):
    told, ask = a_device(provider)

    assert told["verification_uri_complete"].endswith(f"?user_code={told['user_code']}")
    assert ask().json()["error"] == "authorization_pending"
    assert ask().json()["error"] == "slow_down"
    assert "Done" in decide(told, user_code=told["user_code"].lower())
    granted = ask().json()
    assert {"access_token", "refresh_token"} <= granted.keys()
    assert ask().json()["error"] == "invalid_grant"


def test_a_device_that_is_refused_unknown_or_another_clients_is_not_let_in(provider):
    told, ask = a_device(provider)

    assert "no such code" in decide(told, user_code="XXXX-XXXX")
    assert "Wrong user or password" in decide(told, password="guess")
    assert ask(client="nobody").status_code == 401
    assert ask(code="guess").json()["error"] == "invalid_grant"
    decide(told, deny="1")
    assert ask().json()["error"] == "access_denied"


def test_the_page_of_a_device_shows_its_code_and_nothing_else_of_the_query(provider):
    told, _ = a_device(provider)

    page = requests.get(told["verification_uri"], params={"user_code": '"><script>'}, timeout=10).text

    assert "<script>" not in page
    assert told["user_code"] in requests.get(told["verification_uri_complete"], timeout=10).text
