"""What is asked of a login server, and what its answers mean."""

from __future__ import annotations

import pytest
import requests
import responses

from cli.access.keycloak import DEVICE_GRANT, DeviceCode, Provider, Tokens
from cli.errors import NoAnswer, Refused, Usage
from tests.doubles.login_server import ISSUER, OPENID, login_server


@pytest.fixture
def mock():
    with login_server() as mock:
        yield mock


def test_client_credentials_are_asked_for_at_the_endpoint_that_the_realm_names(mock):
    mock.post(
        f"{OPENID}/token",
        json={"access_token": "t", "expires_in": 300},
        match=[
            responses.matchers.urlencoded_params_matcher(
                {"grant_type": "client_credentials", "client_id": "me", "client_secret": "hush"}
            )
        ],
    )

    assert Provider(ISSUER, "me", "hush").client_credentials() == Tokens("t", 300.0)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            {"status": 401, "json": {"error": "invalid_client", "error_description": "No such client"}},
            "refused: No such client",
        ),
        ({"status": 400, "json": {"error": "invalid_grant"}}, "refused: invalid_grant"),
        ({"status": 200, "body": "<html>"}, "is it the realm's address"),
        ({"status": 200, "json": {"token_type": "Bearer"}}, "answered without a token"),
        ({"body": responses.ConnectionError("secret words")}, "could not be reached (ConnectionError)"),
    ],
)
def test_a_login_server_that_refuses_is_told_in_its_words_and_never_with_a_secret(mock, reply, said):
    mock.post(f"{OPENID}/token", **reply)

    with pytest.raises(Refused) as refusal:
        Provider(ISSUER, "me", "hush").client_credentials()
    assert said in str(refusal.value)
    assert "hush" not in str(refusal.value)
    assert "secret words" not in str(refusal.value)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"body": responses.ConnectionError("words")}, NoAnswer),
        ({"status": 502, "body": "<html>"}, NoAnswer),
        ({"body": requests.exceptions.SSLError("words")}, Refused),
        ({"status": 404, "body": "<html>"}, Refused),
    ],
)
def test_a_login_server_that_is_away_is_told_apart_from_one_that_says_no(mock, reply, kind):
    mock.post(f"{OPENID}/token", **reply)

    with pytest.raises(Refused) as refusal:
        Provider(ISSUER, "me", "hush").client_credentials()
    assert type(refusal.value) is kind


def test_a_realm_without_device_codes_is_told():
    with responses.RequestsMock() as mock:
        mock.get(f"{ISSUER}/.well-known/openid-configuration", json={"token_endpoint": f"{OPENID}/token"})
        with pytest.raises(Refused, match="offers no device authorization endpoint"):
            Provider(ISSUER, "me").device_code()


def test_an_endpoint_over_plain_http_is_not_used():
    with responses.RequestsMock() as mock:
        mock.get(f"{ISSUER}/.well-known/openid-configuration", json={"token_endpoint": "http://login.test/token"})
        with pytest.raises(Usage, match="others can read the token"):
            Provider(ISSUER, "me", "hush").client_credentials()


def test_a_person_is_waited_for_more_slowly_when_the_server_says_so(mock):
    mock.post(
        f"{OPENID}/auth/device",
        json={"device_code": "d", "user_code": "U", "verification_uri": "https://v", "interval": 2, "expires_in": 60},
    )
    for error in ("authorization_pending", "slow_down", "authorization_pending"):
        mock.post(f"{OPENID}/token", status=400, json={"error": error})
    mock.post(
        f"{OPENID}/token",
        json={"access_token": "t", "expires_in": 60, "refresh_token": "r"},
        match=[
            responses.matchers.urlencoded_params_matcher(
                {"grant_type": DEVICE_GRANT, "device_code": "d", "client_id": "me"}
            )
        ],
    )
    provider, pauses = Provider(ISSUER, "me"), []

    tokens = provider.wait_for(provider.device_code(), pauses.append)

    assert (tokens, pauses) == (Tokens("t", 60.0, "r"), [2.0, 2.0, 7.0, 7.0])


def test_a_person_who_does_not_come_is_given_up(mock):
    mock.post(f"{OPENID}/token", status=400, json={"error": "authorization_pending"})
    code = DeviceCode("d", "U", "https://v", "", 5.0, 20.0)

    with pytest.raises(Refused, match="nobody agreed in time"):
        Provider(ISSUER, "me").wait_for(code, lambda _: None)
