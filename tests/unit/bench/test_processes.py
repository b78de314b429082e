"""The CPU of a process and its children, as the bench reads it."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from bench.processes import Process

if TYPE_CHECKING:
    from pathlib import Path

_BURN = "import time\ndef burn():\n while time.thread_time() < 0.0437: pass\n"
_THREAD = f"{_BURN}import threading; it = threading.Thread(target=burn); it.start(); it.join()\n"
_TELL = "print(time.process_time(), flush=True); time.sleep(60)\n"
_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_BURN + 'burn()'!r}])\n"


@pytest.mark.parametrize("work", [_BURN + "burn()\n", _THREAD], ids=["itself", "a thread that ended"])
def test_the_cpu_of_a_process_is_read_to_the_millisecond(work: str, tmp_path: Path):
    told, read = _told_and_read(work + _TELL, tmp_path)

    assert told <= read < told + 0.004


def test_a_child_that_ended_is_not_lost(tmp_path: Path):
    told, read = _told_and_read(f"import time\n{_CHILD}{_TELL}", tmp_path)

    # The kernel tells of it in ticks of 10 ms, of user and of system.
    assert read > told + 0.0437 - 0.02


def _told_and_read(script: str, folder: Path) -> tuple[float, float]:
    """CPU seconds of a process by itself and as the bench reads them, when it sleeps."""
    log = folder / "log"
    with (
        log.open("wb") as file,
        Process([sys.executable, "-c", script], cores=os.sched_getaffinity(0), log=file) as process,
    ):
        end = time.monotonic() + 30
        while not (told := log.read_bytes()).endswith(b"\n"):
            assert time.monotonic() < end
            time.sleep(0.05)
        return float(told), process.cpu()
