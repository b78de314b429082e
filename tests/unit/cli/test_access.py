"""Credentials: where they come from, how they are renewed, and what is kept of them."""

from __future__ import annotations

import base64
import json
import stat
from dataclasses import replace

import pytest

from cli.access.choosing import Asked, choose, of_profile
from cli.access.credentials import Renewing, Token, TokenFile
from cli.access.keycloak import Tokens
from cli.access.profile import Profiles
from cli.access.token import subject_of
from cli.errors import Usage
from tests.doubles.clocks import FakeClock
from tests.doubles.login_server import ISSUER, OPENID, PROFILE, login_server


@pytest.fixture
def mock():
    with login_server() as mock:
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
