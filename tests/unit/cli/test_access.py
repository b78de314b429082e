"""Credentials: where they come from, how they are renewed, and what is kept of them."""

from __future__ import annotations

import base64
import json
import stat
from dataclasses import replace

import pytest
import requests
import responses

from cli.access.choosing import Asked, choose, of_profile
from cli.access.credentials import Renewing, Token, TokenFile
from cli.access.keycloak import DEVICE_GRANT, DeviceCode, Provider, Tokens
from cli.access.profile import Profile, Profiles
from cli.access.token import subject_of
from cli.address import safe_url
from cli.errors import NoAnswer, Refused, Usage
from tests.doubles.clocks import FakeClock

ISSUER = "https://login.test/realms/partners"
OPENID = f"{ISSUER}/protocol/openid-connect"
PROFILE = Profile(url="https://gateway.test", issuer=ISSUER, client_id="me", client_secret="hush")


@pytest.fixture
def mock():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(
            f"{ISSUER}/.well-known/openid-configuration",
            json={
                "token_endpoint": f"{OPENID}/token",
                "device_authorization_endpoint": f"{OPENID}/auth/device",
                "revocation_endpoint": f"{OPENID}/revoke",
            },
        )
        yield mock


class Ring(dict):
    """A keyring in memory."""

    def get_password(self, service, username):
        return self.get((service, username))

    def set_password(self, service, username, password):
        self[service, username] = password

    def delete_password(self, service, username):
        del self[service, username]


@pytest.fixture
def ring():
    return Ring()


@pytest.fixture
def profiles(tmp_path, ring):
    return Profiles(tmp_path, lambda: ring)


def test_whose_a_token_is_comes_from_its_own_words():
    claims = base64.urlsafe_b64encode(json.dumps({"iss": ISSUER, "sub": "7"}).encode()).decode().rstrip("=")

    assert subject_of(f"head.{claims}.signature") == f"{ISSUER} 7"
    assert [subject_of(text) for text in ("opaque", "a.b.c", "a.W10.c", f"a.{claims[:9]}.c")] == [""] * 4


def test_tokens_are_renewed_before_they_end():
    clock, given = FakeClock(), iter(["one", "two"])
    credentials = Renewing(lambda: Tokens(next(given), 100.0), clock)

    first = credentials.token()
    clock.advance(69)
    same = credentials.token()
    clock.advance(1)

    assert (first, same, credentials.token()) == ("one", "one", "two")


def test_a_token_that_lives_shorter_than_the_margin_is_used_for_half_its_life():
    clock, given = FakeClock(), iter(["one", "two"])
    credentials = Renewing(lambda: Tokens(next(given), 20.0), clock)
    credentials.token()
    clock.advance(9)

    assert credentials.token() == "one"
    clock.advance(1)
    assert credentials.token() == "two"


def test_a_fixed_token_cannot_be_renewed_and_a_file_can_where_it_has_another(tmp_path):
    path = tmp_path / "token"
    path.write_text("one\n")
    file = TokenFile(path)

    assert (Token("one").renew(), file.token(), file.renew()) == (False, "one", False)
    path.write_text("two")
    assert (file.renew(), file.token()) == (True, "two")


@pytest.mark.parametrize("text", ["", "a b", "a\nb", "é"])
def test_what_cannot_be_a_token_is_refused_without_being_shown(tmp_path, text):
    path = tmp_path / "token"
    path.write_text(text)

    with pytest.raises(Usage) as refusal:
        TokenFile(path).token()
    assert text == "" or text not in str(refusal.value)
    with pytest.raises(Usage):
        Token(text)


def test_a_token_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(Usage, match="No such file"):
        TokenFile(tmp_path / "no").token()


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


def test_a_profile_is_private_from_its_first_moment_and_comes_back(profiles, tmp_path):
    path = profiles.save("default", PROFILE)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert profiles.load("default") == PROFILE
    assert profiles.load("other") is None
    profiles.remove("default")
    profiles.remove("default")
    assert list(path.parent.iterdir()) == []


def test_with_a_keyring_the_file_has_no_secret(profiles, ring, tmp_path):
    profile = replace(PROFILE, keyring=True, refresh_token="refresh")
    path = profiles.save("work", profile)

    assert "hush" not in path.read_text()
    assert "refresh" not in json.loads(path.read_text()).values()
    assert profiles.load("work") == profile
    profiles.remove("work")
    assert ring == {}


def test_a_keyring_that_refuses_is_told(tmp_path):
    class Broken(Ring):
        def get_password(self, service, username):
            raise RuntimeError("no desktop")

    profiles = Profiles(tmp_path, Broken)
    profiles.save("work", replace(PROFILE, keyring=True))

    with pytest.raises(Usage, match="the keyring refused: no desktop"):
        profiles.load("work")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_profile_that_others_can_read_is_refused(profiles, mode):
    path = profiles.save("default", PROFILE)
    path.chmod(mode)

    with pytest.raises(Usage, match="chmod 600"):
        profiles.load("default")


@pytest.mark.parametrize("content", ["", "[]", '{"url": 1}', "no"])
@pytest.mark.parametrize(("name", "login"), [("default", "actions login"), ("night", "actions login --profile=night")])
def test_a_file_that_is_no_profile_is_told(profiles, content, name, login):
    path = profiles.save(name, PROFILE)
    path.write_text(content)

    with pytest.raises(Usage, match=f"is no profile; {login} makes a new one"):
        profiles.load(name)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "x" * 65])
def test_a_name_of_a_profile_is_no_path(profiles, name):
    with pytest.raises(Usage, match="a profile's name has letters"):
        profiles.load(name)


@pytest.mark.parametrize(
    ("asked", "environ", "token"),
    [
        (Asked(token_file="FILE"), {"ACTIONS_TOKEN": "variable"}, "file"),
        (Asked(), {"ACTIONS_TOKEN": "variable"}, "variable"),
    ],
)
def test_a_flag_wins_over_the_environment_and_that_over_the_profile(profiles, tmp_path, asked, environ, token):
    profiles.save("default", PROFILE)
    (tmp_path / "token").write_text("file")
    asked = replace(asked, token_file=asked.token_file and str(tmp_path / "token"))

    access = choose(asked, environ, profiles)

    assert (access.url, access.credentials.token()) == ("https://gateway.test", token)


def test_the_profile_is_used_where_nothing_else_is_said(profiles, mock):
    profiles.save("default", PROFILE)
    mock.post(f"{OPENID}/token", json={"access_token": "t", "expires_in": 300})

    assert choose(Asked(), {}, profiles).credentials.token() == "t"
    assert (
        choose(Asked(url="https://other.test"), {"ACTIONS_URL": "https://third.test"}, profiles).url
        == "https://other.test"
    )


def test_a_client_in_the_environment_needs_no_profile(mock, tmp_path):
    mock.post(f"{OPENID}/token", json={"access_token": "t", "expires_in": 300})
    environ = {
        "ACTIONS_URL": "https://g.test",
        "ACTIONS_ISSUER": ISSUER,
        "ACTIONS_CLIENT_ID": "me",
        "ACTIONS_CLIENT_SECRET": "hush",
    }

    def unasked():
        raise AssertionError

    access = choose(Asked(), environ, Profiles(tmp_path / "none", unasked))

    assert (access.url, access.credentials.token()) == ("https://g.test", "t")


@pytest.mark.parametrize(
    ("asked", "option"), [(Asked(), ""), (Asked(profile="night"), " --profile=night"), (Asked(profile="a b"), None)]
)
def test_what_is_missing_is_said_for_the_profile_that_was_named(profiles, asked, option):
    if option is None:
        with pytest.raises(Usage, match="a profile's name has letters"):
            choose(asked, {}, profiles)
        return
    with pytest.raises(Usage, match=f"which gateway. Run actions login{option}, or set ACTIONS_URL"):
        choose(asked, {}, profiles)
    with pytest.raises(Usage, match=f"nobody is logged in: run actions login{option}, or set ACTIONS_TOKEN"):
        choose(replace(asked, url="https://g.test"), {}, profiles)


OPTIONS = "--issuer=https://login.test/realms/partners --client-id='the night'"
CLIENT = {"ACTIONS_ISSUER": ISSUER, "ACTIONS_CLIENT_ID": "me", "ACTIONS_CLIENT_SECRET": "hush"}


@pytest.mark.parametrize(
    ("asked", "environ", "said"),
    [
        (Asked(token_file="tokens/mine"), {}, "Put a new token into tokens/mine."),
        (Asked(), {"ACTIONS_TOKEN": "t"}, "Set ACTIONS_TOKEN to a new token."),
        (Asked(), CLIENT, "Look at ACTIONS_ISSUER, ACTIONS_CLIENT_ID and ACTIONS_CLIENT_SECRET."),
        (
            Asked(profile="night"),
            {},
            f"actions login https://gateway.test {OPTIONS} --ask-secret --plain-http --profile=night logs in again.",
        ),
    ],
)
def test_what_to_do_where_the_credentials_hold_no_more_can_be_pasted(profiles, asked, environ, said):
    profiles.save("night", replace(PROFILE, client_id="the night", plain_http=True))
    profiles.save("default", PROFILE)

    access = choose(asked, environ, profiles)

    assert access.log_in == f"{said} Where that does not help, ask your operator."


def test_a_refresh_token_that_is_replaced_is_kept(profiles, mock):
    person = replace(PROFILE, client_secret="", refresh_token="first")
    profiles.save("me", person)
    mock.post(f"{OPENID}/token", json={"access_token": "t", "expires_in": 300, "refresh_token": "second"})

    assert of_profile(person, "me", profiles).token() == "t"
    assert profiles.load("me").refresh_token == "second"


@pytest.mark.parametrize(
    "url", ["gateway.test", "ftp://gateway.test", "https://u:p@gateway.test", "https://", "https://g.test/?a=1"]
)
def test_what_is_no_address_is_told(url):
    with pytest.raises(Usage, match="must be an address such as"):
        safe_url(url, plain_http=True)


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("http://127.0.0.1:8000/", True),
        ("http://[::1]", True),
        ("http://localhost", True),
        ("http://g.test", False),
        ("https://g.test", True),
    ],
)
def test_plain_http_is_for_loopback_unless_it_is_meant(url, is_safe):
    if is_safe:
        assert safe_url(url, plain_http=False) == url.rstrip("/")
    else:
        with pytest.raises(Usage, match="others can read the token"):
            safe_url(url, plain_http=False)
    assert safe_url(url, plain_http=True) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    ["https://me:hush@gateway.test", "https://gateway.test?token=hush", "https://gateway.test#hush", "https://[hush"],
)
def test_an_address_with_a_secret_in_it_is_refused_without_being_shown(url):
    with pytest.raises(Usage, match="must be an address such as") as refusal:
        safe_url(url, plain_http=False)

    assert "hush" not in str(refusal.value)
