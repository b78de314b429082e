"""Processes of one run: started in a session of their own, pinned, measured through /proc, and surely stopped."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
# Linux's include/linux/posix-timers_types.h.
_CPUCLOCK_SCHED = 2


class Usage(NamedTuple):
    """What one process has used: CPU in seconds since its start, resident memory in bytes now."""

    pid: int
    parent: int
    cpu: float
    resident: int


class Process:
    """A command and all its children. Leaving the ``with`` block ends them, and so does the end of this process."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cores: Iterable[int],
        log: IO[bytes],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        pinned = ["setpriv", "--pdeathsig", "TERM", "taskset", "-c", ",".join(map(str, cores)), *command]
        self._popen = subprocess.Popen(
            pinned,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=5)
        self._signal(signal.SIGKILL)
        self._popen.wait()

    def alive(self) -> bool:
        """False once the command itself has ended."""
        return self._popen.poll() is None

    def usages(self) -> list[Usage]:
        """Every process of the session that is alive now, the first one first."""
        found = (_usage(entry, self._popen.pid) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return sorted(usage for usage in found if usage is not None)

    def cpu(self) -> float:
        """CPU seconds, user and system, of the whole tree so far."""
        return sum(usage.cpu for usage in self.usages())

    def worker_usages(self) -> list[Usage]:
        """The processes that do the work: the children of a master, else the command itself."""
        usages = self.usages()
        return usages[1:] or usages

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, number)


def _usage(entry: Path, session: int) -> Usage | None:
    try:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    if int(fields[3]) != session or fields[0] == "Z":
        return None
    pid = int(entry.name)
    try:
        own = time.clock_gettime(_cpu_clock(pid))
    except OSError:
        return None
    # proc(5), counted from the state: parent 2nd, session 4th, CPU of reaped children 14th and 15th, rss 22nd.
    reaped = sum(map(int, fields[13:15])) / _TICK
    return Usage(pid, int(fields[1]), own + reaped, int(fields[21]) * _PAGE)


def _cpu_clock(pid: int) -> int:
    """The clock of what a process has run, threads that ended too: clock_getcpuclockid(3), which Python lacks."""
    # It counts nanoseconds. The process's own times in /proc are ticks of 10 ms, which is 1 µs an item of a job.
    return ~pid << 3 | _CPUCLOCK_SCHED


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], *, process: Process, seconds: float, what: str) -> None:
    """Poll ``ready``. Raises RuntimeError when the process ends or the time is over."""
    end = time.monotonic() + seconds
    while not ready():
        if not process.alive():
            raise RuntimeError(f"{what} ended before it answered")
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not answer in {seconds:g} s")
        time.sleep(0.05)


def answers(port: int) -> bool:
    """True when an HTTP server answers on loopback at ``port``, whatever it says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/livez")
        return bool(connection.getresponse().status)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
