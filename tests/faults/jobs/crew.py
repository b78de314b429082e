"""Real job workers in front of a real core, and the jobs that they run."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import psutil

from gateway.jobs.chunk import Part
from gateway.jobs.job import NewJob
from gateway.resources.actions import actions
from gateway.settings import load
from gateway.wiring.jobs import job_stores
from sandbox.background import LEASH, ROOT
from sandbox.part import Part as Server
from tests.doubles.job_worlds import all_results

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gateway.jobs.job import Job

ACTIONS = actions(("en", "fr"), 1000, lambda: None)
FIRST_ID, LAST_ID = 19_000, 21_999
"""What the sandbox's core holds."""
PART_ITEMS = 1000
# Silence of a killed worker is noticed soon, and nothing but the core's answers decides what is repeated.
QUICK = {
    "CORE_AUTH": "none",
    "CORE_TIMEOUT": "5",
    "CIRCUIT_ENABLED": "false",
    "JOB_LEASE": "3",
    "CORE_HONOURS_IDEMPOTENCY": "false",
    "KEYCLOAK_URL": "http://127.0.0.1:9",
    "KEYCLOAK_REALM": "partners",
    "KEYCLOAK_AUDIENCE": "bulk-update-gateway",
}


class Crew:
    """A core that answers after ``latency_ms`` and knows no keys, and workers that come and go.

    ``settings`` are those of the workers.
    """

    def __init__(self, folder: Path, latency_ms: int, **settings: str) -> None:
        command = [sys.executable, "-m", "sandbox", "core", "--no-idempotency", "--latency-ms", str(latency_ms)]
        self._folder = folder
        plain = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        self._core = Server("core", lambda port: [*command, "--port", str(port)], folder, "/healthz", environment=plain)
        self._plain = plain
        self._settings = settings
        self._workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._core.start()
        own = {**QUICK, "CORE_URL": self._core.url, "STATE_DIR": str(self._folder / "state"), **self._settings}
        self._environment = {f"GATEWAY_{name}": value for name, value in own.items()}
        self.stores = job_stores(load(self._environment))
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait(timeout=30)
        self.stores.close()
        self._core.kill()

    def hire(self, workers: int = 1) -> None:
        command = [sys.executable, "-S", "-E", str(LEASH), str(os.getpid()), sys.executable, "-m", "gateway.jobs"]
        for _ in range(workers):
            with (self._folder / "workers.log").open("ab") as log:
                self._workers.append(
                    subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        cwd=ROOT,
                        env={**self._plain, **self._environment},
                        start_new_session=True,
                    )
                )

    def replace_one(self) -> None:
        """Kill the one that is longest in service, with no chance to say a word, and hire another."""
        worker = self._workers.pop(0)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(timeout=30)
        self.hire()

    def kill_one_of_the_masters(self) -> None:
        """Of the worker that is longest in service: its children must find out. Another is hired."""
        worker = self._workers.pop(0)
        worker.kill()
        worker.wait(timeout=30)
        self.hire()

    def kill_one_of_the_children(self) -> None:
        """Its master goes on with another."""
        children = [child for worker in self._workers for child in psutil.Process(worker.pid).children()]
        if children:
            random.choice(children).kill()

    def dismiss(self) -> list[int]:
        """Ask all to end; their exit codes."""
        for worker in self._workers:
            worker.terminate()
        codes = [worker.wait(timeout=60) for worker in self._workers]
        self._workers.clear()
        return codes

    def log(self) -> list[dict[str, Any]]:
        lines = (self._folder / "workers.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def start(self, item_ids: Sequence[int], principal: str = "p", *, part_items: int = PART_ITEMS, **new: Any) -> Job:
        """A job of updates of these ids, ready to run. No part is more than one chunk."""
        jobs = self.stores.jobs
        job, _ = jobs.create(principal, NewJob(resource=ACTIONS.plural, **new))
        parts = [item_ids[at : at + part_items] for at in range(0, len(item_ids), part_items)]
        for number, ids in enumerate(parts, 1):
            calls = [ACTIONS.call({"actionId": str(item_id), "status": "active"}) for item_id in ids]
            jobs.put_part(principal, job.id, Part(number, f"part {number}"), calls)
        return jobs.start(principal, job.id, len(parts))

    def get(self, job: Job) -> Job:
        return self.stores.jobs.get(None, job.id)

    def outcomes(self, job: Job) -> Mapping[int, str]:
        """What the job says became of each item, by index. Each index once."""
        lines = all_results(self.stores.jobs, job, most=500)
        outcomes = dict(lines)
        assert len(outcomes) == len(lines), "an item has two results"
        return outcomes

    def applied(self) -> Counter[str]:
        """What the core's own ledger says was applied: how often, by key of the call."""
        entries = self._core.control("GET", "journal")["data"]
        return Counter(entry["idempotency_key"] for entry in entries)
