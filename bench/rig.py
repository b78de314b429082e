"""The rig of one run: which processor does what, the core, the request files, and one loaded interval measured."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bench.load import Load, Seen

if TYPE_CHECKING:
    from pathlib import Path

    from bench.core import Core
    from bench.processes import Process
    from bench.services import Running

# CPU seconds that a service may use in a tenth of a second and count as idle.
_AT_REST = 0.02


class Processors(NamedTuple):
    """The service has its own; the core and the load generator share the others."""

    service: tuple[int, ...]
    others: tuple[int, ...]

    @classmethod
    def split(cls, workers: int = 1) -> Processors:
        """As many as ``workers`` for the service where two are left, else one; a single processor is shared by all."""
        usable = sorted(os.sched_getaffinity(0))
        count = workers if len(usable) >= workers + 2 else 1
        return cls(tuple(usable[:count]), tuple(usable[count:] or usable))


class Measured(NamedTuple):
    """One loaded interval: what the load saw, calls the core took, CPU seconds of the service's tree and per worker."""

    seen: Seen
    calls: int
    cpu: float
    workers: dict[int, float]

    def per_call(self) -> float:
        """CPU microseconds of the service for each item that reached the core."""
        return self.cpu / self.calls * 1e6


@dataclass(frozen=True, slots=True)
class Rig:
    """Everything a workload needs beside the service."""

    core: Core
    core_process: Process
    processors: Processors
    token: str
    folder: Path
    quick: bool

    def load(self, url: str, requests: Path, *, connections: int, seconds: int) -> Load:
        """Start the generator on its own processors."""
        cores = self.processors.others
        return Load(url, requests, connections=connections, seconds=seconds, cores=cores, token=self.token)

    def settle(self, running: Running) -> None:
        """Services go on with a batch whose client has left: wait until the core hears nothing and the CPU rests."""
        calls, cpu, end = -1, -1.0, time.monotonic() + 30
        while time.monotonic() < end:
            calls_before, cpu_before = calls, cpu
            calls, cpu = self.core.calls(), running.process.cpu()
            if calls == calls_before and cpu - cpu_before < _AT_REST:
                return
            time.sleep(0.1)

    def measure(self, running: Running, requests: Path, *, connections: int, seconds: int) -> Measured:
        """Load a service for a while and account for the CPU it used meanwhile.

        Items are counted at the core: batches cut off at the end count as far as they came.
        """
        self.settle(running)
        calls, cpu, workers = self.core.calls(), running.process.cpu(), _by_worker(running)
        seen = self.load(running.url, requests, connections=connections, seconds=seconds).seen()
        used = {pid: total - workers.get(pid, 0.0) for pid, total in _by_worker(running).items()}
        return Measured(seen, self.core.calls() - calls, running.process.cpu() - cpu, used)


def _by_worker(running: Running) -> dict[int, float]:
    return {usage.pid: usage.cpu for usage in running.process.worker_usages()}
