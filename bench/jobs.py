"""What a job costs: 10,000 items, by one gateway and one job worker, beside batches of 1,000 at the same gateway."""

from __future__ import annotations

import http.client
import json
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.items import BULK, body, item
from bench.processes import Process, free_port, wait_until
from bench.services import GATEWAY, running
from bench.workloads import warm_up

if TYPE_CHECKING:
    from bench.rig import Rig
    from bench.services import Surroundings
    from bench.workloads import Figures

BATCHES, JOB = "batches of 1,000", "a job of 10,000"
_JOBS = "/openapi/api/v1/jobs"
_PART_ITEMS, _PARTS, _FIRST = 1000, 10, 10_000_000


def jobs(rig: Rig, into: Surroundings, rounds: int) -> dict[str, list[Figures]]:
    """``cpu_us`` an item of gateway and job worker, and ``ratio`` to batches, for each round. Results are read."""
    rig.core.delay(0)
    samples: dict[str, list[Figures]] = {BATCHES: [], JOB: []}
    apart = replace(into, more={**into.more, "GATEWAY_STATE_DIR": str(into.folder / "jobs")})
    bodies = [body(map(item, _ids(part))) for part in range(_PARTS)]
    with ExitStack() as stack:
        gateway = stack.enter_context(running(GATEWAY, apart))
        log = stack.enter_context((into.folder / "worker.log").open("ab"))
        command = [sys.executable, "-m", "gateway.jobs"]
        env = apart.environment(free_port())
        worker = stack.enter_context(Process(command, cores=into.cores, log=log, env=env))
        partner = _Partner(gateway.url, rig.token)
        wait_until(partner.can_have_jobs, process=worker, seconds=30, what="the job worker")
        warm_up(rig, gateway)
        partner.job(bodies[:1])
        for _ in range(rounds):
            costs = []
            for send in (partner.batches, partner.job):
                before = gateway.process.cpu() + worker.cpu()
                send(bodies)
                costs.append(gateway.process.cpu() + worker.cpu() - before)
            for name, seconds in zip((BATCHES, JOB), costs, strict=True):
                cost = seconds / (_PARTS * _PART_ITEMS) * 1e6
                samples[name].append({"cpu_us": cost, "ratio": seconds / costs[0]})
    return samples


def _ids(part: int) -> range:
    first = _FIRST + part * _PART_ITEMS
    return range(first, first + _PART_ITEMS)


class _Partner:
    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def can_have_jobs(self) -> bool:
        return bool(self._ask("GET", "/readyz")["checks"]["jobs"] == {"ready": True})

    def batches(self, bodies: list[bytes]) -> None:
        for data in bodies:
            self._send("PATCH", BULK, data)

    def job(self, bodies: list[bytes]) -> None:
        """Until it has ended and its results were read. It is removed, so that the next may begin."""
        job = f"{_JOBS}/{self._ask('POST', _JOBS, b'{}')['id']}"
        for number, data in enumerate(bodies, 1):
            self._send("PUT", f"{job}/parts/{number}", data)
        found = self._ask("POST", f"{job}/start", b'{"parts":%d}' % len(bodies))
        while found["ended_at"] is None:
            found = self._ask("GET", job, prefer="wait=5")
        if found["state"] != "succeeded":
            raise RuntimeError(f"the job {found}")
        self._send("GET", f"{job}/results")
        self._send("DELETE", job)

    def _ask(self, method: str, path: str, data: bytes | None = None, **headers: str) -> Any:
        return json.loads(self._send(method, path, data, **headers))

    def _send(self, method: str, path: str, data: bytes | None = None, **headers: str) -> bytes:
        self._connection.request(method, path, data, {**self._headers, **headers})
        answer = self._connection.getresponse()
        read = answer.read()
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise RuntimeError(f"{method} {path}: {answer.status} {read[:300]!r}")
        return read
