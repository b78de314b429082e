"""``python -m sandbox``: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
import requests

from sandbox.__main__ import main
from sandbox.server.serve import check_address


@pytest.fixture
def start():
    """``start("core", "--port", "0")``: the process, once it has announced itself, and its URL."""
    processes = []

    def start(*arguments):
        process = subprocess.Popen([sys.executable, "-m", "sandbox", *arguments], stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process, json.loads(process.stdout.readline())["url"]

    yield start
    for process in processes:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.parametrize("command", ["core", "identity"])
def test_a_server_announces_its_url_and_ends_when_told_to(start, command):
    process, url = start(command)

    assert requests.get(f"{url}/healthz", timeout=10).json() == {"status": "ok"}
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 0


def test_the_options_reach_the_core(start, tmp_path):
    _, url = start("core", "--auth", "bearer", "--faults", "503", "--state", str(tmp_path / "new"))
    headers = {"Authorization": "Bearer x"}

    assert requests.get(f"{url}/actions/19000", timeout=10).status_code == 401
    assert requests.get(f"{url}/actions/19000", headers=headers, timeout=10).status_code == 503
    assert (tmp_path / "new" / "core.sqlite3").exists()


def test_the_options_reach_the_identity_provider(start):
    _, url = start(
        "identity", "--realm", "a", "--realm", "b", "--algorithm", "ES256", "--public-url", "https://id.test/"
    )

    page = requests.get(f"{url}/realms/b/.well-known/openid-configuration", timeout=10).json()
    keys = requests.get(f"{url}/realms/b/protocol/openid-connect/certs", timeout=10).json()["keys"]

    assert page["issuer"] == "https://id.test/realms/b"
    assert keys[0]["alg"] == "ES256"


@pytest.mark.parametrize("command", ["core", "identity"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_address_that_others_can_reach_is_refused_with_one_line(command, host):
    with pytest.raises(SystemExit) as caught:
        main([command, "--host", host])

    assert str(caught.value).startswith(f"sandbox: {host} is not a loopback address")
    assert "--i-know" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_identity_provider_of_ones_own_is_refused_since_a_token_is_printed():
    with pytest.raises(SystemExit, match=r"^serve: KEYCLOAK_URL must not be set"):
        main(["serve", "--set", "KEYCLOAK_URL=http://keycloak.test"])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_word(host):
    warnings = []

    check_address(host, False, warnings.append)

    assert warnings == []


def test_who_knows_is_warned():
    warnings = []

    check_address("0.0.0.0", True, warnings.append)

    assert warnings == ["sandbox: bound to 0.0.0.0, where others can reach it; it protects nothing"]


def test_a_port_in_use_is_one_line(start):
    _, url = start("core")

    with pytest.raises(SystemExit, match=r"^sandbox: cannot bind 127.0.0.1 port "):
        main(["core", "--port", url.rpartition(":")[2]])


@pytest.mark.parametrize("command", ["core", "identity"])
def test_an_unknown_fault_is_one_line(command):
    with pytest.raises(SystemExit, match=r"^sandbox: unknown fault earthquake; known: "):
        main([command, "--faults", "earthquake"])


@pytest.mark.parametrize("command", ["core", "identity"])
def test_the_help_lists_the_faults(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])

    assert "reset-after" in capsys.readouterr().out
