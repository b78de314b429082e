"""``python -m tests.faults.million``: a million items as one job; prints time, memory and size of the store, ends with 1 on any loss.

``--over loop`` runs the job over SQLite, ``redis`` by the same loop over Redis, ``celery`` by Celery over Redis. The core counts how often each id comes, and
every line of the results is read.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import redis

from bench.core import Core
from bench.items import body, item
from bench.processes import Process, free_port, wait_until
from bench.services import GATEWAY, Surroundings, running
from bench.tokens import Issuer
from gateway.ending import run_to_its_end
from tests.doubles.redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

JOBS = "/openapi/api/v1/jobs"
OVER = ("loop", "redis", "celery")
OVER_HELP = "the loop over SQLite, the loop over Redis, or Celery over Redis"
_FIRST_ID = 10_000_000
_PART_ITEMS = 1000
_MIB = 1024 * 1024
_PATIENCE_SECONDS = 60.0


class Partner:
    """Sends a job over one connection."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        self.url = url
        self.close = self._connection.close
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def is_served(self) -> bool:
        return {"detail", "reason"}.isdisjoint(self.ask("GET", "/readyz")["checks"]["jobs"])

    def upload(self, items: int) -> str:
        """A job that has all its parts."""
        job = str(self.ask("POST", JOBS, b"{}")["id"])
        for number, first in enumerate(range(_FIRST_ID, _FIRST_ID + items, _PART_ITEMS), 1):
            part = range(first, min(first + _PART_ITEMS, _FIRST_ID + items))
            self._send("PUT", f"{JOBS}/{job}/parts/{number}", body(map(item, part)))
        return job

    def results(self, job: str) -> Iterator[dict[str, Any]]:
        """Each line, as it is read."""
        self._connection.request("GET", f"{JOBS}/{job}/results", headers=self.headers)
        answer = self._connection.getresponse()
        for line in answer:
            if line.strip():
                yield json.loads(line)

    def ask(self, method: str, path: str, data: bytes | None = None, **headers: str) -> Any:
        return json.loads(self._send(method, path, data, **headers))

    def _send(self, method: str, path: str, data: bytes | None = None, **headers: str) -> bytes:
        """Asks again for a while where the store is busy. Raises RuntimeError for any other refusal."""
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while True:
            self._connection.request(method, path, data, {**self.headers, **headers})
            answer = self._connection.getresponse()
            read = answer.read()
            if answer.status != http.client.SERVICE_UNAVAILABLE or time.monotonic() > give_up:
                break
            time.sleep(1.0)
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status} {read[:300]!r}")
        return read


@dataclass
class Memory:
    """Resident bytes of the largest process of a group, by the share of items that were done."""

    looks: list[tuple[float, int]] = field(default_factory=list)

    def look(self, share: float, processes: list[Process]) -> None:
        self.looks.append((share, max(usage.resident for each in processes for usage in each.usages())))

    def most(self, least: float, most: float) -> float:
        """In MiB, between two shares."""
        return max((size for share, size in self.looks if least <= share <= most), default=0) / _MIB


@dataclass
class Run:
    """What was started: the gateway, the job workers, and how large their store is, in bytes."""

    partner: Partner
    gateway: Process
    workers: list[Process]
    stored: Callable[[], int]
    core: Core

    def cpu(self) -> float:
        return self.gateway.cpu() + sum(worker.cpu() for worker in self.workers)


def measure(run: Run, items: int) -> dict[str, Any]:
    """The whole job, from its first part to its last result."""
    gateway, workers = Memory(), Memory()
    began, cpu = time.monotonic(), run.cpu()
    job = run.partner.upload(items)
    uploaded, cpu_uploaded, stored = time.monotonic(), run.cpu(), run.stored()
    parts = -(-items // _PART_ITEMS)
    found = run.partner.ask("POST", f"{JOBS}/{job}/start", b'{"parts":%d}' % parts)
    while found["ended_at"] is None:
        found = run.partner.ask("GET", f"{JOBS}/{job}", prefer="wait=2")
        share = 1 - found["counts"]["unprocessed"] / items
        gateway.look(share, [run.gateway])
        workers.look(share, run.workers)
    ended, cpu_ended = time.monotonic(), run.cpu()
    seen, kinds, is_complete = bytearray(items), dict[str, int](), False
    for line in run.partner.results(job):
        if "index" in line:
            seen[line["index"]] += 1
            kinds[line["outcome"]] = kinds.get(line["outcome"], 0) + 1
        is_complete = line.get("complete", is_complete)
    gateway.look(1.0, [run.gateway])
    distinct, most = run.core.ledger()
    return {
        "items": items,
        "job": found["state"],
        "outcomes": kinds,
        "lost": items - sum(count > 0 for count in seen) + (items - distinct),
        "told twice": sum(count > 1 for count in seen),
        "sent twice": most > 1,
        "results are complete": is_complete,
        "upload (s, items/s)": _pace(items, uploaded - began),
        "run (s, items/s)": _pace(items, ended - uploaded),
        "results (s, items/s)": _pace(items, time.monotonic() - ended),
        "CPU of an item, upload, run, results (us)": [
            round(seconds / items * 1e6)
            for seconds in (cpu_uploaded - cpu, cpu_ended - cpu_uploaded, run.cpu() - cpu_ended)
        ],
        "memory of the gateway, at a quarter and in all (MiB)": [
            round(gateway.most(0, 0.25)),
            round(gateway.most(0, 1)),
        ],
        "memory of a worker, at a quarter and in all (MiB)": [round(workers.most(0, 0.25)), round(workers.most(0, 1))],
        "store, uploaded and at the end (MiB)": [round(stored / _MIB), round(run.stored() / _MIB)],
    }


def _pace(items: int, seconds: float) -> list[int]:
    return [round(seconds), round(items / seconds)]


def is_right(found: Mapping[str, Any]) -> bool:
    """Nothing was lost, doubled or guessed."""
    return (
        found["outcomes"] == {"applied": found["items"]}
        and found["results are complete"]
        and not (found["lost"] or found["told twice"] or found["sent twice"])
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.million")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--over", choices=OVER, default="loop", help=OVER_HELP)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--latency-ms", type=int, default=0, help="of the core")
    options = parser.parse_args()
    with ExitStack() as stack:
        run = start(stack, options)
        found = measure(run, options.items)
    for name, value in {"over": options.over, "workers": options.workers, **found}.items():
        sys.stdout.write(f"  {name:<52} {value}\n")
    return 0 if is_right(found) else 1


def start(stack: ExitStack, options: argparse.Namespace) -> Run:
    folder = Path(tempfile.mkdtemp(prefix="million-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)  # nginx gives up root before it reads the key set
    everywhere = tuple(sorted(os.sched_getaffinity(0)))
    core = Core(folder, everywhere)
    issuer = Issuer(core.url)
    stack.enter_context(core.running(issuer))
    core.delay(options.latency_ms)
    more, stored = _over(stack, folder, options.over)
    more |= {"GATEWAY_MAX_JOB_ITEMS": str(options.items), "GATEWAY_RATE_LIMIT": ""}
    into = Surroundings(f"{core.url}/counted", issuer, everywhere, folder, more)
    gateway = stack.enter_context(running(GATEWAY, into))
    log = stack.enter_context((folder / "workers.log").open("ab"))
    environment = into.environment(free_port())
    workers = [
        stack.enter_context(Process([sys.executable, "-m", "gateway.jobs"], cores=everywhere, log=log, env=environment))
        for _ in range(options.workers)
    ]
    partner = stack.enter_context(closing(Partner(gateway.url, issuer.token())))
    wait_until(partner.is_served, process=workers[0], seconds=60, what="the job worker")
    return Run(partner, gateway.process, workers, stored, core)


def _over(stack: ExitStack, folder: Path, over: str) -> tuple[dict[str, str], Callable[[], int]]:
    """Further settings, and the size of the store in bytes."""
    if over == "loop":
        files = folder / "state"
        return {}, lambda: sum(path.stat().st_size for path in files.glob("jobs.sqlite*"))
    server = RedisServer(folder / "redis", "--appendonly", "yes", "--maxmemory-policy", "noeviction")
    server.start()
    stack.callback(server.stop)
    client = stack.enter_context(closing(redis.from_url(server.url)))
    settings = {"GATEWAY_REDIS_URL": server.url, "GATEWAY_JOB_DISPATCH": "celery" if over == "celery" else "loop"}
    return settings, lambda: int(client.info("memory")["used_memory"])


if __name__ == "__main__":
    sys.exit(run_to_its_end(main))
