"""A server that must not start says why, in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sandbox.background import ROOT
from tests.faults.house import Gateway

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doubles.fake_core import FakeCore

pytestmark = pytest.mark.e2e


def start(gateway: Gateway, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What a server says that does not start; one that does is ended by the time limit, which fails the test."""
    command = [sys.executable, "-m", "gunicorn", "-c", "python:gateway.server", *arguments, "wsgi:app"]
    given = {f"GATEWAY_{name}": value for name, value in ({"BIND": "127.0.0.1:0"} | settings).items()}
    surroundings = gateway.environment() | given
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=30)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BATCH_DEADLINE", "soon"),
        ("KEYCLOAK_URL", ""),
        ("REQUEST_DEADLINE", "1"),
        ("ITEM_DEADLINE", "60"),
        ("CORE_TIMEOUT", "50"),
        ("CORE_CA_FILE", "/nope"),
        ("CORE_CERT_FILE", "/nope"),
        ("KEYCLOAK_CA_FILE", "/nope"),
        ("RATE_LIMIT", "100"),
        ("KEY_RATE_LIMIT", "0/minute"),
        ("KEY_RATE_LIMIT", "5 per minute"),
        ("REDIS_URL", "foo"),
        ("CORE_URL", "http://h:99999"),
        ("CORE_URL", "http://user:hush@h/"),
        ("JWT_ALGORITHMS", "HS256"),
        ("API_KEYS_FILE", "/nope"),
        ("CORE_AUTH_FILE", "/nope"),
        ("CORE_DEADLINE_HEADER", "a b"),
        ("REQUIRED_ROLE", 'a"b'),
        ("REQUIRED_SCOPE", "a\\b"),
        ("BIND", "abc"),
        ("BIND", "no-such-host.invalid:8000"),
        ("BIND", "192.0.2.1:8000"),
    ],
)
def test_a_setting_that_is_wrong_stops_the_start_with_one_line_that_names_it(
    home, core: FakeCore, name: str, value: str
) -> None:
    ended = start(Gateway(home, core.url), **{name: value})

    assert ended.returncode == 1
    assert [line for line in ended.stderr.splitlines() if not line.startswith("{")] == [told(ended)]
    assert told(ended).startswith(f"gateway: GATEWAY_{name}: ")
    assert "hush" not in ended.stderr
    assert "Booting worker" not in ended.stderr


def told(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line for people among those of the log."""
    assert "Traceback" not in ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("gateway:")]
    return line


def test_traces_without_their_libraries_stop_the_start_with_one_line(
    home, core: FakeCore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is found first hides what is installed.
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    ended = start(Gateway(home, core.url), TRACES="true")

    assert told(ended).startswith("gateway: GATEWAY_TRACES: must be false unless the extra `traces` is installed")


def test_one_port_for_two_purposes_stops_the_start_with_one_line(home, core: FakeCore) -> None:
    ended = start(Gateway(home, core.url), BIND="127.0.0.1:8123", METRICS="port", METRICS_PORT="8123")

    assert (
        told(ended)
        == "gateway: GATEWAY_METRICS_PORT: must differ from the port of GATEWAY_BIND, which is 127.0.0.1:8123"
    )


def test_preloading_is_refused_with_one_line(home, core: FakeCore) -> None:
    assert "--preload" in told(start(Gateway(home, core.url), "--preload"))


def test_all_that_is_wrong_on_this_host_is_told_at_once_before_a_worker_starts(
    home, core: FakeCore, tmp_path: Path
) -> None:
    folder = tmp_path / "file" / "state"
    folder.parent.touch()
    wrong = {
        "STATE_DIR": str(folder),
        "API_KEYS_FILE": __file__,
        "CORE_AUTH": "static",
        "CORE_AUTH_FILE": os.devnull,
        "REDIS_URL": "redis://:hush@127.0.0.1/0?colour=red",
    }

    ended = start(Gateway(home, core.url), LOG_LEVEL="info", **wrong)

    assert ended.returncode == 1
    named = [line.split(":")[1].strip() for line in ended.stderr.splitlines() if line.startswith("gateway: ")]
    assert sorted(named) == [f"GATEWAY_{name}" for name in sorted(wrong) if name != "CORE_AUTH"]
    assert f"GATEWAY_STATE_DIR: cannot be written to (Not a directory); it is '{folder}'" in ended.stderr
    assert f"it is '{os.devnull}'" in ended.stderr
    assert "hush" not in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Booting worker" not in ended.stderr
