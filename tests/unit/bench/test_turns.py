"""Processes that share a processor keep it as long as the bench asks for."""

from __future__ import annotations

import ctypes
import platform
import struct
import sys
from pathlib import Path

import pytest

from bench.processes import Process
from bench.turns import take_long_turns

# sched_getattr(2).
_NUMBERS = {"x86_64": 315, "aarch64": 275}
_CHILD = "import time; print('ready', flush=True); time.sleep(60)"
_SCRIPT = (
    "import subprocess, sys, threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); "
    f"subprocess.run([sys.executable, '-c', {_CHILD!r}])"
)


def test_each_thread_of_a_process_and_of_its_children_has_long_turns(tmp_path: Path):
    if not _turn_of(0):
        pytest.skip("this kernel tells of no turns (Linux 6.12)")
    log = tmp_path / "log"
    with log.open("wb") as file, Process([sys.executable, "-c", _SCRIPT], cores=[0], log=file) as process:
        while "ready" not in log.read_text():
            assert process.alive()
        take_long_turns(process, 0.02)
        threads = [int(entry.name) for pid in (one.pid for one in process.usages()) for entry in _threads(pid)]

        assert [_turn_of(thread) for thread in threads] == [20_000_000] * 3


def _threads(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _turn_of(thread: int) -> int:
    """In nanoseconds; 0: of this thread."""
    got = ctypes.create_string_buffer(48)
    assert ctypes.CDLL(None).syscall(_NUMBERS[platform.machine()], thread, got, len(got), 0) == 0
    return int(struct.unpack("=IIQiIQQQ", got.raw)[5])
