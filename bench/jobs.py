"""What a job costs: 10,000 items, by a gateway and a job worker, beside batches of 1,000 at the same gateway."""

from __future__ import annotations

import http.client
import json
import sys
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.items import BULK, body, item
from bench.processes import Process, free_port, wait_until
from bench.redis import running_redis
from bench.services import running
from bench.turns import take_long_turns
from bench.workloads import warm_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.redis import Redis
    from bench.rig import Rig
    from bench.services import Surroundings
    from bench.workloads import Figures

BATCHES, KEYED = "batches of 1,000", "the same with a key each"
JOB, JOB_IN_REDIS, REDIS = "a job of 10,000", "the same over Redis", "Redis itself in that"
_JOBS = "/openapi/api/v1/jobs"
_PART_ITEMS, _PARTS, _FIRST = 1000, 10, 10_000_000
_TURNS, _QUICK_TURNS = 3, 1


def jobs(rig: Rig, into: Surroundings, rounds: int) -> dict[str, list[Figures]]:
    """``cpu_us`` an item and ``ratio`` to batches, for each round.

    A job's are of gateway and job worker, results read. Batches with a key are journalled as a job is. Over Redis it is measured where redis-server is installed.
    """
    rig.core.delay(0)
    bodies = [body(map(item, _ids(part))) for part in range(_PARTS)]
    samples: dict[str, list[Figures]] = {}
    turns = _QUICK_TURNS if rig.quick else _TURNS
    with ExitStack() as stack:
        houses = {JOB: _House.started(stack, rig, replace(into, folder=into.folder / "jobs"))}
        redis = stack.enter_context(running_redis(rig, into))
        if redis:
            more = {**into.more, "GATEWAY_REDIS_URL": redis.url}
            houses[JOB_IN_REDIS] = _House.started(stack, rig, replace(into, folder=into.folder / "redis", more=more))
        for each in houses.values():
            each.partner.job(bodies[:1])
        for _ in range(rounds):
            seconds: dict[str, float] = {}
            # In turn, since the machine is slower in one second than in the next, whatever it runs.
            for _ in range(turns):
                for name, spent in _turn(houses, redis, bodies).items():
                    seconds[name] = seconds.get(name, 0.0) + spent
            for name, spent in seconds.items():
                cost = spent / (turns * _PARTS * _PART_ITEMS) * 1e6
                samples.setdefault(name, []).append({"cpu_us": cost, "ratio": spent / seconds[BATCHES]})
    return samples


def _turn(houses: Mapping[str, _House], redis: Redis | None, bodies: list[bytes]) -> dict[str, float]:
    """CPU seconds of each way to send the same items, one after the other."""
    house = houses[JOB]
    before = house.cpu()
    house.partner.batches(bodies)
    costs = {BATCHES: house.cpu() - before}
    before = house.cpu()
    house.partner.batches(bodies, have_keys=True)
    costs[KEYED] = house.cpu() - before
    for name, each in houses.items():
        before, redis_before = each.cpu(), redis.process.cpu() if redis else 0.0
        each.partner.job(bodies)
        costs[name] = each.cpu() - before
        if redis and name == JOB_IN_REDIS:
            costs[REDIS] = redis.process.cpu() - redis_before
    return costs


@dataclass(frozen=True, slots=True)
class _House:
    """A gateway, a job worker, and a partner of theirs."""

    gateway: Process
    worker: Process
    partner: _Partner

    @classmethod
    def started(cls, stack: ExitStack, rig: Rig, into: Surroundings) -> _House:
        into.folder.mkdir()
        gateway = stack.enter_context(running(into.gateway, into))
        log = stack.enter_context((into.folder / "worker.log").open("ab"))
        # In the gateway's folder, so that both run in one form.
        _, folder = into.gateway.command(port := free_port())
        start = [sys.executable, "-m", "gateway.jobs"]
        worker = stack.enter_context(Process(start, cores=into.cores, log=log, env=into.environment(port), cwd=folder))
        partner = _Partner(gateway.url, rig.token)
        wait_until(partner.can_have_jobs, process=worker, seconds=30, what="the job worker")
        for each in (gateway.process, worker):
            take_long_turns(each)
        warm_up(rig, gateway)
        return cls(gateway.process, worker, partner)

    def cpu(self) -> float:
        return self.gateway.cpu() + self.worker.cpu()


def _ids(part: int) -> range:
    first = _FIRST + part * _PART_ITEMS
    return range(first, first + _PART_ITEMS)


class _Partner:
    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def can_have_jobs(self) -> bool:
        try:
            return {"detail", "reason"}.isdisjoint(self._ask("GET", "/readyz")["checks"]["jobs"])
        except RuntimeError:
            return False  # On a busy machine the core is not always reached in time.

    def batches(self, bodies: list[bytes], *, have_keys: bool = False) -> None:
        self._connect_anew()
        for data in bodies:
            self._send("PATCH", BULK, data, **{"Idempotency-Key": str(uuid.uuid4())} if have_keys else {})

    def job(self, bodies: list[bytes]) -> None:
        """Until it has ended and its results were read. It is removed, so that the next may begin."""
        self._connect_anew()
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

    def _connect_anew(self) -> None:
        # While the other ways had their turns, the gateway may have closed a connection that rested.
        self._connection.close()

    def _ask(self, method: str, path: str, data: bytes | None = None, **headers: str) -> Any:
        return json.loads(self._send(method, path, data, **headers))

    def _send(self, method: str, path: str, data: bytes | None = None, **headers: str) -> bytes:
        self._connection.request(method, path, data, {**self._headers, **headers})
        answer = self._connection.getresponse()
        read = answer.read()
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise RuntimeError(f"{method} {path}: {answer.status} {read[:300]!r}")
        return read
