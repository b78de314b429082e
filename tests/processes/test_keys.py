"""The command for API keys, as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from gateway.auth.api_keys.sqlite import FILE_NAME

if TYPE_CHECKING:
    from pathlib import Path


CREATE = ("create", "--name", "Acme", "--scope", "INTEGRATION_API", "--json")


def test_the_command_works_with_only_the_state_folder_set(tmp_path: Path):
    environment = {"GATEWAY_STATE_DIR": str(tmp_path / "state"), "PATH": os.environ["PATH"]}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gateway.keys", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    made, listed, unknown = run(*CREATE), run("list"), run("revoke", "A" * 12)

    assert (made.returncode, made.stderr) == (0, "")
    assert set(json.loads(made.stdout)) == {"id", "key", "store", "user"}
    assert json.loads(made.stdout)["id"] in listed.stdout
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == "error: no API key has the id AAAAAAAAAAAA\n"


def test_the_temporary_folder_is_never_taken_without_a_word(tmp_path: Path):
    environment = {"TMPDIR": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "gateway.keys", *CREATE]

    made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)

    folder = tmp_path / "bulk-update-gateway"
    assert made.stderr == (
        f"note: GATEWAY_STATE_DIR is not set: only a service without it too reads the store in {folder}\n"
    )
    assert json.loads(made.stdout)["store"] == str(folder / FILE_NAME)
