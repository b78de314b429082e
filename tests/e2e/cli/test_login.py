"""Logging in: as a program, as a person by device code, out again, and what is kept of it."""

from __future__ import annotations

import re
import stat
import time

import pytest

from sandbox.core.seed import FIRST_ACTION
from sandbox.web import call
from tests.e2e.cli.command import SECONDS, Command

pytestmark = pytest.mark.e2e
GIVEN = ("ACTIONS_URL", "ACTIONS_ISSUER", "ACTIONS_CLIENT_ID", "ACTIONS_CLIENT_SECRET")


@pytest.fixture
def stranger(command):
    """Nobody is logged in, and the environment tells nothing."""
    command.given = [command.environment.pop(name) for name in GIVEN]
    return command


def login(command, *more, secret=""):
    url, issuer, *_ = command.given
    if secret:
        command.environment["ACTIONS_CLIENT_SECRET"] = secret
    ran = command.run("login", url, "--issuer", issuer, *more)
    command.environment.pop("ACTIONS_CLIENT_SECRET", None)
    return ran


def test_a_program_logs_in_once_and_sends_from_then_on(stranger):
    before = stranger.run("update", str(stranger.write(FIRST_ACTION, 3)))
    assert (before.returncode, "which gateway? Run actions login" in before.stderr) == (2, True)

    said = login(stranger, "--client-id", "partner", secret="partner-secret").stderr

    assert f"Logged in at {stranger.given[0]} as partner; kept in " in said
    assert "A request takes 1,000 items; larger files are cut. Next: actions update FILE" in said
    assert stranger.run("update", "updates.csv").returncode == 0
    [profile] = (stranger.folder / "config" / "profiles").iterdir()
    assert stat.S_IMODE(profile.stat().st_mode) == 0o600


def agree(said, stack, user="ada", **more):
    """As the person does in the browser."""
    address, code = re.search(r"Open (\S+)\n", said)[1], re.search(r"the code (\S+)\.", said)[1]
    form = {"user_code": code, "username": user, "password": f"{user}-password", **more}
    return call("POST", address.partition("?")[0], form=form)


def device_login(stranger, **more):
    url, issuer, *_ = stranger.given
    process = stranger.start("login", url, "--issuer", issuer, "--client-id", "portal")
    said = process.stderr.readline() + process.stderr.readline()
    assert "Done" in agree(said, stranger.stack, **more).body.decode()
    _, rest = process.communicate(timeout=SECONDS)
    return process.returncode, rest


def test_a_person_agrees_in_a_browser_and_the_login_outlives_its_tokens(make_stack, tmp_path):
    stack = make_stack(identity=["--access-seconds", "2"])
    stranger = Command(stack, tmp_path)
    stranger.given = [stranger.environment.pop(name) for name in GIVEN]

    code, said = device_login(stranger)

    assert code == 0, said
    ends_at = time.monotonic() + 2
    while time.monotonic() < ends_at:
        assert stranger.run("update", str(stranger.write(FIRST_ACTION, 3)), "--restart").returncode == 0


def test_a_person_who_refuses_is_not_logged_in(stranger):
    code, said = device_login(stranger, deny="1")

    assert code == 5
    assert "The end user denied the authorization request" in said
    assert not (stranger.folder / "config").exists()


def test_a_person_without_the_role_is_told_so(stranger):
    code, said = device_login(stranger, user="bob")

    assert code == 5
    assert "does not carry the scope or role" in said
    assert not (stranger.folder / "config").exists()


def test_a_wrong_secret_is_told_in_the_words_of_the_login_server(stranger):
    ran = login(stranger, "--client-id", "partner", secret="wrong")

    assert ran.returncode == 5
    assert "Invalid client or Invalid client credentials" in ran.stderr
    assert "wrong" not in ran.stderr.replace("wrong-", "")


def test_a_profile_that_others_can_read_is_refused(stranger):
    login(stranger, "--client-id", "partner", secret="partner-secret")
    [profile] = (stranger.folder / "config" / "profiles").iterdir()
    profile.chmod(0o640)

    ran = stranger.run("limits")

    assert ran.returncode == 2
    assert f"chmod 600 {profile}" in ran.stderr


def test_after_a_logout_nothing_is_kept_and_the_refresh_token_is_ended(stranger):
    device_login(stranger)
    [profile] = (stranger.folder / "config" / "profiles").iterdir()
    kept = profile.read_text()

    assert stranger.run("logout").stderr == "Logged out.\n"
    assert not profile.exists()
    profile.write_text(kept)
    profile.chmod(0o600)
    ran = stranger.run("limits")
    assert (ran.returncode, "Invalid refresh token" in ran.stderr) == (5, True)


def test_a_token_in_a_file_is_read_again_when_it_is_refused(stranger):
    token = stranger.folder / "token"
    token.write_text("ended")
    url = stranger.given[0]
    refused = stranger.run("limits", "--url", url, "--token-file", str(token))
    token.write_text(stranger.stack.token() + "\n")

    taken = stranger.run("limits", "--url", url, "--token-file", str(token))

    assert (refused.returncode, taken.returncode) == (5, 0)


def test_credentials_are_not_sent_over_http_to_another_machine(stranger):
    ran = stranger.run("limits", "--url", "http://gateway.example", "--token-file", "/dev/null")

    assert (ran.returncode, "others can read the token" in ran.stderr) == (2, True)


def test_without_a_terminal_nobody_is_asked(stranger):
    ran = login(stranger, "--client-id", "partner", "--ask-secret")

    assert (ran.returncode, "there is no terminal to ask on" in ran.stderr) == (2, True)
