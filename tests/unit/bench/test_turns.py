"""Processes that share a processor keep it as long as the bench asks for."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.processes import Process, Usage
from bench.turns import take_long_turns

if TYPE_CHECKING:
    from collections.abc import Iterator

# Linux gives no process a number from here on.
_ENDED = 2**22
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


@pytest.mark.parametrize("numbers", [{}, {platform.machine(): 9999}], ids=["no such machine", "no such call"])
def test_the_bench_goes_on_and_says_so_where_the_system_refuses(
    numbers: dict[str, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("bench.turns._NUMBERS", numbers)

    take_long_turns(_Processes(os.getpid()))

    assert capsys.readouterr().err == "bench: processors are shared in short turns: Function not implemented\n"


def test_one_that_has_ended_holds_up_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with _sleeping(tmp_path) as lasting:
        take_long_turns(_Processes(_ENDED, lasting), 0.02)

        assert _turn_of(lasting) == (20_000_000 if _turn_of(0) else 0)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("policy", "turn"), [(os.SCHED_BATCH, 20_000_000), (os.SCHED_IDLE, None)])
def test_how_a_process_was_started_stays(policy: int, turn: int | None, tmp_path: Path):
    with _sleeping(tmp_path) as pid:
        os.sched_setscheduler(pid, policy, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, pid, 5)
        before = _turn_of(pid)
        take_long_turns(_Processes(pid), 0.02)

        assert (os.sched_getscheduler(pid), os.getpriority(os.PRIO_PROCESS, pid)) == (policy, 5)
        assert _turn_of(pid) == (turn if turn and _turn_of(0) else before)


@contextlib.contextmanager
def _sleeping(folder: Path) -> Iterator[int]:
    with (folder / "log").open("wb") as log, Process(["sleep", "60"], cores=[0], log=log) as process:
        (usage,) = process.usages()
        yield usage.pid


class _Processes:
    def __init__(self, *pids: int) -> None:
        self._pids = pids

    def usages(self) -> list[Usage]:
        return [Usage(pid, 1, 0.0, 0) for pid in self._pids]


def _threads(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _turn_of(thread: int) -> int:
    """In nanoseconds; 0: of this thread."""
    got = ctypes.create_string_buffer(48)
    assert ctypes.CDLL(None).syscall(_NUMBERS[platform.machine()], thread, got, len(got), 0) == 0
    return int(struct.unpack("=IIQiIQQQ", got.raw)[5])
