"""The core of the compose file takes its options."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]

FOLDER = ROOT / "deploy" / "compose"

TEXT = (FOLDER / "compose.yaml").read_text(encoding="utf-8")

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]


def test_the_core_takes_the_options_that_it_is_given() -> None:
    command = SERVICES["core"]["command"].split()

    helped = subprocess.run(
        [sys.executable, *command[1:], "--help"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )

    assert helped.returncode == 0, helped.stderr
    assert (
        SERVICES["gateway"]["environment"]["GATEWAY_CORE_URL"] == f"http://core:{command[command.index('--port') + 1]}"
    )
