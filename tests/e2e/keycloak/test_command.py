"""The partners' command against the real Keycloak: as a program, and as a person who agrees in a browser."""

from __future__ import annotations

import html
import re
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import SimpleNamespace
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from deploy.keycloak.realm import credentials
from sandbox.core.seed import FIRST_ACTION
from tests.e2e.cli.command import SECONDS, Command

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(360)]


@pytest.fixture
def command(keycloak, gateway, tmp_path):
    stack = SimpleNamespace(gateway=gateway.gateway, identity=keycloak.part)
    command = Command(stack, tmp_path)
    for name in ("ACTIONS_URL", "ACTIONS_ISSUER", "ACTIONS_CLIENT_ID", "ACTIONS_CLIENT_SECRET"):
        del command.environment[name]
    return command


def test_a_program_logs_in_and_sends(command, keycloak, gateway, core):
    command.environment["ACTIONS_CLIENT_SECRET"] = credentials().clients["partner"]
    login = command.run("login", gateway.gateway.url, "--issuer", keycloak.url, "--client-id", "partner")
    del command.environment["ACTIONS_CLIENT_SECRET"]
    assert login.returncode == 0, login.stderr

    ran = command.run("update", str(command.write(FIRST_ACTION, 3)))

    assert ran.returncode == 0, ran.stderr
    assert core.counts()["applied"] == 3


def agree(address, user):
    """What a person does in the browser: log in, and grant what is asked for. The last page."""
    # Browsers trust loopback, and send it cookies that are for https only.
    cookies = CookieJar(DefaultCookiePolicy(secure_protocols=("http",)))
    browser = build_opener(HTTPCookieProcessor(cookies))
    url, fields = address, None
    for _ in range(4):
        with browser.open(url, fields, timeout=30) as page:
            url, text = page.url, page.read().decode()
        form = re.search(r'<form[^>]*\baction="([^"]+)"[^>]*>(.*?)</form>', text, re.DOTALL)
        if form is None:
            break
        hidden = dict(re.findall(r'<input type="hidden"[^>]*\bname="([^"]+)"[^>]*\bvalue="([^"]*)"', form[2]))
        typed = {"username": user, "password": credentials().users[user], "accept": "Yes"}
        url, fields = urljoin(url, html.unescape(form[1])), urlencode({**hidden, **typed}).encode()
    return text


def test_a_person_logs_in_by_device_code_and_out_again(command, keycloak, gateway, core):
    process = command.start("login", gateway.gateway.url, "--issuer", keycloak.url, "--client-id", "portal")
    said = process.stderr.readline() + process.stderr.readline()

    shown = agree(re.search(r"Open (\S+)\n", said)[1], "ada")
    _, rest = process.communicate(timeout=SECONDS)

    assert process.returncode == 0, (rest, shown)
    assert command.run("update", str(command.write(FIRST_ACTION, 3))).returncode == 0
    assert core.counts()["applied"] == 3
    [profile] = (command.folder / "config" / "profiles").iterdir()
    kept = profile.read_text()
    assert command.run("logout").stderr == "Logged out.\n"
    profile.write_text(kept)
    profile.chmod(0o600)
    assert command.run("limits").returncode == 5
