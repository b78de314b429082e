"""The units are taken by systemd, and leave the service no more of its host than it needs."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.settings import load
from tests.docs import DOCS, ROOT
from tests.doubles.service import ENVIRON

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
GATEWAY, JOBS = UNITS
MOST_EXPOSED = 20
"""In tenths, of systemd's own scale from 0 to 10; below 2 is what it calls OK."""
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def service(unit: Path) -> Mapping[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[method-assign, assignment]  # the documented way to keep the case of names
    parser.read(unit)
    return parser["Service"]


@pytest.fixture(params=UNITS, ids=lambda unit: unit.stem)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """As on a host where everything is where the unit says."""
    text = request.param.read_text(encoding="utf-8")
    here = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE)
    path = tmp_path / request.param.name
    path.write_text(
        here.replace("/opt/bulk-update-gateway", str(ROOT))
        .replace("User=gateway", "User=root")
        .replace("Group=gateway", "Group=root")
    )
    return path


@needs_systemd
def test_systemd_takes_the_unit_without_a_word(unit: Path) -> None:
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60
    )

    assert [line for line in told.stderr.splitlines() if unit.name in line] == []
    assert told.returncode == 0


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_calls_the_unit_well_closed(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit)]

    told = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert told.returncode == 0, told.stdout[-300:] + told.stderr


def test_a_stop_waits_for_the_drain() -> None:
    settings = load(ENVIRON)

    # gunicorn kills a second after the grace time; five more to exit.
    assert int(service(GATEWAY)["TimeoutStopSec"]) >= settings.budgets.graceful_timeout + 1 + 5
    assert all(service(unit)["KillMode"] == "mixed" for unit in UNITS)


def test_the_units_differ_in_what_they_run_alone() -> None:
    gateway, jobs = service(GATEWAY), service(JOBS)

    assert gateway["ExecStart"] == "/opt/gateway/bin/gunicorn -c python:gateway.server wsgi:app"
    assert jobs["ExecStart"] == "/opt/gateway/bin/python -m gateway.jobs"
    assert {name for name in gateway if gateway[name] != jobs.get(name)} == {
        "Type",
        "NotifyAccess",
        "ExecStart",
        "ExecReload",
    }


def test_the_guide_installs_what_the_units_run() -> None:
    page = (DOCS / "operators" / "deploy.md").read_text(encoding="utf-8")

    assert "python3 -m venv /opt/gateway" in page
    assert "/etc/gateway/settings.env" in page
    assert all(unit.name in page for unit in UNITS)
