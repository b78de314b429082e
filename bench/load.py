"""The load generator: wrk, one thread, with its own CPU taken from the kernel's account of the finished process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCRIPT = Path(__file__).with_name("load.lua")
Histogram = list[tuple[int, int]]


class Seen(NamedTuple):
    """One run: answers in ``seconds``, of them ``refused`` (status ≥ 400), its CPU seconds, latencies in µs."""

    requests: int
    refused: int
    seconds: float
    cpu: float
    latency: Histogram

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds


class Load:
    """wrk under way: ``connections`` clients, each sending the next request when it has its answer."""

    def __init__(
        self, url: str, requests: Path, *, connections: int, seconds: int, cores: Iterable[int], token: str
    ) -> None:
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", str(_SCRIPT)]
        command += ["-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {token}"]
        pinned = ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", ",".join(map(str, cores))]
        self._popen = subprocess.Popen([*pinned, *command, url, "--", str(requests)], stdout=subprocess.PIPE)

    def seen(self) -> Seen:
        """Wait for the end. Raises RuntimeError when a connection broke or wrk did not start."""
        assert self._popen.stdout is not None
        output = self._popen.stdout.read().decode()
        _, status, used = os.wait4(self._popen.pid, 0)
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        told = json.loads(output.rpartition("RESULT ")[2]) if "RESULT " in output else {}
        if not told or told["broken"]:
            raise RuntimeError(f"the load broke: {told or output}")
        latency = [(value, count) for value, count in told["latency"]]
        cpu = used.ru_utime + used.ru_stime
        return Seen(told["requests"], told["refused"], told["microseconds"] / 1e6, cpu, latency)

    def stop(self) -> Seen:
        """End it now, and what it had seen."""
        self._popen.send_signal(signal.SIGINT)
        return self.seen()


def percentile(latency: Histogram, share: float) -> float:
    """Milliseconds within which ``share`` (0 to 1) of the answers came."""
    left = share * sum(count for _, count in latency)
    for microseconds, count in sorted(latency):
        left -= count
        if left <= 0:
            return microseconds / 1000
    raise ValueError("no answers")
