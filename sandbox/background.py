"""A process group of a stack that surely ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parent.parent
LEASH = Path(__file__).with_name("leash.py")
STOP_SECONDS = 10.0
_TAIL_LINES = 20


class StackError(Exception):
    """A server did not start or get ready in time. The message ends with its last log lines."""


class Background:
    """Start it from the thread that lives longest: it ends with that thread."""

    def __init__(self, name: str, folder: Path, *, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that was started; its workers are its children."""
        if self._process is None:
            raise StackError(f"{self.name} was not started")
        return self._process.pid

    def run(self, command: Sequence[str]) -> None:
        """Start it. What it prints is added to the log."""
        leashed = [sys.executable, "-S", "-E", str(LEASH), str(os.getpid()), *command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                leashed, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=dict(self.environment),
                start_new_session=True,
            )  # fmt: skip

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self, seconds: float = STOP_SECONDS) -> int | None:
        """Ask it to end, and kill it after ``seconds``. Its exit code, or None where it was killed."""
        return self._end(signal.SIGTERM, seconds)

    def kill(self) -> None:
        """Kill the whole process group."""
        self._end(signal.SIGKILL, STOP_SECONDS)

    def tail(self) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])

    def _end(self, first: signal.Signals, seconds: float) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        try:
            process.send_signal(first)
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)
