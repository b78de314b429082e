"""The real command as a process of its own, in surroundings that hold nothing but what a test gives it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time

from sandbox.background import ROOT
from sandbox.identity.realm import CLIENTS, REALM

SECONDS = 100


class Command:
    """``actions …`` against a stack. Its state and profiles are under ``folder``."""

    def __init__(self, stack, folder):
        self.stack = stack
        self.folder = folder
        self.environment = {
            "PATH": os.defpath,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ACTIONS_STATE_DIR": str(folder / "state"),
            "ACTIONS_CONFIG_DIR": str(folder / "config"),
            "ACTIONS_URL": stack.gateway.url,
            "ACTIONS_ISSUER": f"{stack.identity.url}/realms/{REALM}",
            "ACTIONS_CLIENT_ID": "partner",
            "ACTIONS_CLIENT_SECRET": CLIENTS["partner"].secret,
        }

    python = sys.executable

    def start(self, *arguments, **options):
        piped = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments], cwd=self.folder, env=self.environment, **{**piped, **options}
        )

    def run(self, *arguments, given=None, seconds=SECONDS):
        """The ended process, with its output."""
        command = [sys.executable, "-m", "cli", *arguments]
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            input=given,
            check=False,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran

    def run_on_a_full_disk(self, *arguments):
        """The shell's limit on the size of a file stands in: after 2 KiB of a journal a write fails within a line."""
        limited = f"trap '' XFSZ; ulimit -f 2; exec {self.python} -m cli {shlex.join(arguments)}"
        return subprocess.run(
            ["bash", "-c", limited],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def write(self, first, count, name="updates.csv", status="done"):
        path = self.folder / name
        rows = "\n".join(f"{number},{status}" for number in range(first, first + count))
        path.write_text(f"actionId,status\n{rows}\n", encoding="utf-8")
        return path

    def journals(self):
        return sorted((self.folder / "state" / "runs").glob("*"))

    def told(self, word):
        """How many whole lines of the journals begin with ``word``."""
        lines = [line for path in self.journals() for line in path.read_bytes().splitlines(keepends=True)]
        return sum(line.startswith(f'{{"{word}"'.encode()) and line.endswith(b"\n") for line in lines)

    def wait_until(self, is_so, process, seconds=SECONDS):
        """Or until the process has ended. Whether it is so."""
        ends_at = time.monotonic() + seconds
        while not is_so() and process.poll() is None:
            assert time.monotonic() < ends_at
            time.sleep(0.005)
        return is_so()

    def end(self, process, number=signal.SIGKILL):
        """The exit code and what it said."""
        process.send_signal(number)
        output = process.communicate(timeout=SECONDS)
        return process.returncode, "".join(filter(None, output))


def ended(journal):
    """The records of a journal that is clean: every line whole, the last of them the end."""
    lines = journal.read_bytes().split(b"\n")
    assert lines.pop() == b""
    records = [json.loads(line) for line in lines]
    assert any("ended" in record for record in records)
    return records
