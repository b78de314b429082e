"""``actions login`` and ``logout``: words, exit codes, and what is kept."""

from __future__ import annotations

import io

import pytest

from tests.doubles.fake_gateway import URL, problem

ISSUER = "https://login.test/realms/partners"


def test_login_keeps_what_the_gateway_takes_and_logout_forgets_it(shell, mock, monkeypatch):
    mock.get(f"{ISSUER}/.well-known/openid-configuration", json={"token_endpoint": f"{ISSUER}/token"})
    mock.post(f"{ISSUER}/token", json={"access_token": "good", "expires_in": 300})
    (shell.folder / "secret").write_text("hush\n")
    monkeypatch.delenv("ACTIONS_TOKEN")

    assert shell.run("login", URL, "--issuer", ISSUER, "--client-id", "me", "--client-secret-file", "secret") == 0
    assert f"Logged in at {URL} as me" in shell.err
    assert "Next: actions update FILE\n" in shell.err
    assert shell.run("limits") == 0
    assert shell.run("logout") == 0
    assert shell.run("limits") == 2
    assert shell.run("logout") == 0
    assert "Nobody was logged in as default." in shell.err


def test_a_login_under_a_name_says_it_in_the_next_command(shell, mock, monkeypatch):
    mock.get(f"{ISSUER}/.well-known/openid-configuration", json={"token_endpoint": f"{ISSUER}/token"})
    mock.post(f"{ISSUER}/token", json={"access_token": "good", "expires_in": 300})
    monkeypatch.setenv("ACTIONS_CLIENT_SECRET", "hush")

    assert shell.run("login", URL, "--issuer", ISSUER, "--client-id", "me", "--profile", "night") == 0

    assert "Next: actions update FILE --profile=night\n" in shell.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--client-id", "me"], "--issuer is missing (or ACTIONS_ISSUER)"),
        (["--issuer", ISSUER], "--client-id is missing"),
        (["--issuer", ISSUER, "--client-id", "me", "--client-secret-file", "nowhere"], "No such file"),
        (["--issuer", ISSUER, "--client-id", "me", "--ask-secret"], "there is no terminal to ask on"),
    ],
)
def test_what_a_login_lacks_is_said(shell, words, said, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())

    assert shell.run("login", URL, *words) == 2
    assert said in shell.err


def test_an_address_under_which_no_batch_can_be_sent_is_no_login(shell, mock, monkeypatch):
    for method, path in (("GET", "limits"), ("PATCH", "actions")):
        mock.add(method, f"{URL}/docs/openapi/api/v1/{path}", json=problem("no-such-page", 404)[1], status=404)
    mock.get(f"{ISSUER}/.well-known/openid-configuration", json={"token_endpoint": f"{ISSUER}/token"})
    mock.post(f"{ISSUER}/token", json={"access_token": "good", "expires_in": 300})
    monkeypatch.setenv("ACTIONS_CLIENT_SECRET", "hush")

    assert shell.run("login", f"{URL}/docs", "--issuer", ISSUER, "--client-id", "me") == 5
    assert f"{URL}/docs is no gateway for actions; its address is what stands before /openapi/api/v1/" in shell.err
    assert not (shell.folder / "config").exists()


def test_who_has_a_secret_and_did_not_say_it_is_told_how(shell, mock):
    mock.get(f"{ISSUER}/.well-known/openid-configuration", json={"device_authorization_endpoint": f"{ISSUER}/device"})
    mock.post(f"{ISSUER}/device", json={"error": "unauthorized_client"}, status=401)

    assert shell.run("login", URL, "--issuer", ISSUER, "--client-id", "me") == 5
    assert "unauthorized_client; a program's client needs its secret too: ACTIONS_CLIENT_SECRET" in shell.err


def test_a_person_without_a_refresh_token_is_told(shell, mock):
    mock.get(
        f"{ISSUER}/.well-known/openid-configuration",
        json={"token_endpoint": f"{ISSUER}/token", "device_authorization_endpoint": f"{ISSUER}/device"},
    )
    mock.post(
        f"{ISSUER}/device",
        json={"device_code": "d", "user_code": "ABCD", "verification_uri": "https://v.test", "interval": 1},
    )
    mock.post(f"{ISSUER}/token", json={"access_token": "good", "expires_in": 300})

    assert shell.run("login", URL, "--issuer", ISSUER, "--client-id", "me") == 2
    assert "Open https://v.test" in shell.err
    assert "gives no refresh token" in shell.err


def test_a_profile_that_cannot_be_read_is_removed_by_a_logout(shell):
    path = shell.folder / "config" / "profiles" / "default.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    path.chmod(0o600)

    assert shell.run("logout") == 0
    assert not path.exists()
