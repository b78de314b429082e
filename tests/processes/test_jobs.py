"""The command for jobs, as an operator runs it."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from gateway import VERSION
from gateway.jobs.dispatch.celery import CeleryDispatch
from gateway.jobs.job import Bounds
from gateway.jobs.sqlite.file import JobFile
from gateway.jobs.sqlite.job_store import SqliteJobStore
from gateway.settings import load
from gateway.wiring.jobs import job_stores
from tests.doubles.job_worlds import started
from tests.doubles.redis_server import BINARY, MISSING, RedisServer
from tests.processes import commands


class Operator:
    def __init__(self, folder):
        more = {"CORE_AUTH": "none", "MAX_JOB_ITEMS": "10", "JOB_STORE_BYTES": "16777216"}
        self.environment = commands.environment(folder / "state", **more)
        stores = job_stores(load(self.environment))
        self.jobs = stores.jobs
        self.file = Path(self.environment["GATEWAY_STATE_DIR"]) / "jobs.sqlite"
        self._then = ExitStack()
        self._then.callback(stores.close)

    def jobs_of(self, seconds_ago):
        """The store as it was then."""
        file = JobFile(
            self.file,
            Bounds(job_items=10, store_bytes=16_777_216),
            lease_seconds=45.0,
            clock=lambda: time.time() - seconds_ago,
        )
        self._then.callback(file.close)
        return SqliteJobStore(file)

    def close(self):
        self._then.close()

    def run(self, *arguments, **changes):
        changed = {f"GATEWAY_{name}": value for name, value in changes.items()}
        return commands.run("gateway.jobs", {**self.environment, **changed}, *arguments)


@pytest.fixture
def operator(tmp_path):
    with closing(Operator(tmp_path)) as made:
        yield made


def test_an_operator_sees_all_jobs_and_one_in_full(operator):
    job = started(operator.jobs, [1, 2], principal="acme", label="spring")
    other = started(operator.jobs, [1], principal="other")

    listed, of_acme, shown = (
        operator.run("list"), operator.run("list", "--principal", "acme"), operator.run("show", job.id)
    )  # fmt: skip

    assert [line.split()[0] for line in listed.stdout.splitlines()] == [other.id, job.id]
    assert of_acme.stdout.split() == [job.id, "queued", "0/2", "0", "failed", "acme"]
    assert (json.loads(shown.stdout)["label"], json.loads(shown.stdout)["counts"]["total"]) == ("spring", 2)


def test_times_of_a_job_are_shown_in_utc(operator):
    job = started(operator.jobs, [1])

    shown = json.loads(operator.run("show", job.id).stdout)

    created = dt.datetime.fromisoformat(shown["created_at"])
    assert (shown["created_at"][-1], created.utcoffset()) == ("Z", dt.timedelta(0))
    assert abs(created.timestamp() - job.created_at) < 0.001
    assert shown["ended_at"] is None


def test_items_that_are_unknown_stand_in_the_list(operator):
    job = started(operator.jobs, [1, 2])
    connection = sqlite3.connect(operator.file)
    with closing(connection), connection:
        connection.execute("UPDATE job SET unknown = 2")

    assert operator.run("list").stdout.split() == [
        job.id, "queued", "2/2", "0", "failed", "2", "unknown", job.principal
    ]  # fmt: skip


def test_a_store_without_the_jobs_that_are_meant_is_named(operator):
    listed, cancelled = operator.run("list"), operator.run("cancel", "--principal", "gone")

    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "", f"no jobs in {operator.file}\n")
    assert (cancelled.returncode, cancelled.stdout) == (0, "")
    assert cancelled.stderr == f"no live jobs of gone in {operator.file}\n"


def test_an_operator_sees_which_job_makes_no_progress(operator):
    stands = started(operator.jobs_of(20 * 60), [1])
    fresh = started(operator.jobs, [1])

    told = {line.split()[0]: line.partition("p  ")[2] for line in operator.run("list").stdout.splitlines()}

    assert told == {stands.id: "no progress for 20 min", fresh.id: ""}


def test_who_looks_after_jobs_needs_the_folder_of_the_state_alone(operator):
    job = started(operator.jobs, [1])

    listed = commands.run("gateway.jobs", {"GATEWAY_STATE_DIR": operator.environment["GATEWAY_STATE_DIR"]}, "list")

    assert (listed.returncode, listed.stderr, listed.stdout.split()[0]) == (0, "", job.id)


def test_an_operator_pauses_resumes_and_cancels_a_job(operator):
    job = started(operator.jobs, [1])

    for command, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        done = operator.run(command, job.id)
        assert (done.returncode, done.stderr) == (0, "")
        assert operator.jobs.get(None, job.id).state == state

    assert operator.jobs.get(None, job.id).why == "operator"


def test_all_live_jobs_of_a_principal_are_cancelled_at_once(operator):
    mine = [started(operator.jobs, [1], principal="gone").id for _ in range(2)]
    other = started(operator.jobs, [1], principal="other")

    operator.run("cancel", "--principal", "gone")

    assert [operator.jobs.get(None, job_id).state for job_id in mine] == ["cancelled"] * 2
    assert operator.jobs.get(None, other.id).state == "queued"


def test_what_cannot_be_done_is_one_line(operator):
    job = started(operator.jobs, [1])
    operator.run("cancel", job.id)

    unknown, ended = operator.run("show", "01X"), operator.run("pause", job.id)

    assert (unknown.returncode, unknown.stderr) == (1, f"error: no job 01X in {operator.file}\n")
    assert ended.returncode == 1
    assert ended.stderr == "error: the job is cancelled; it must be one of: queued, running, paused\n"


@pytest.fixture
def evicting(tmp_path):
    if BINARY is None:
        pytest.skip(MISSING)
    server = RedisServer(tmp_path / "redis", "--maxmemory-policy", "allkeys-lru")
    server.start()
    yield server
    server.stop()


def test_a_worker_does_not_start_over_a_redis_that_evicts(operator, evicting):
    refused = operator.run(REDIS_URL=evicting.url)

    assert (refused.returncode, refused.stderr) == (
        1,
        "gateway: jobs: Redis would evict jobs: maxmemory-policy is allkeys-lru, not noeviction\n",
    )


def test_a_worker_does_not_start_where_the_callers_token_is_forwarded(operator):
    refused = operator.run(CORE_AUTH="forward")

    assert refused.returncode == 1
    assert refused.stderr.startswith("gateway: jobs: the core is called with the caller's token")
    assert refused.stderr.count("\n") == 1


@pytest.fixture
def kept(tmp_path):
    if BINARY is None:
        pytest.skip(MISSING)
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


def test_a_worker_tells_its_version_and_the_settings_in_force_at_its_start(operator):
    more = {"GATEWAY_JOB_LEASE": "5", "GATEWAY_JOB_LEASES": "5", "GATEWAY_REDIS_URL": "", "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "gateway.jobs"]
    with subprocess.Popen(command, env=operator.environment | more, stderr=subprocess.PIPE, text=True) as worker:
        lines = [json.loads(worker.stderr.readline()) for _ in range(3)]
        worker.terminate()

    starting, unknown, started = lines
    assert (starting["event"], starting["version"], starting["proxies"]["core"]) == (
        "job_worker_starting",
        VERSION,
        "none",
    )
    assert (starting["settings"]["GATEWAY_JOB_LEASE"], starting["settings"]["GATEWAY_CORE_AUTH"]) == ("5", "none")
    assert (unknown["event"], unknown["variable"], unknown["nearest"]) == (
        "setting_unknown", "GATEWAY_JOB_LEASES", "GATEWAY_JOB_LEASE",
    )  # fmt: skip
    assert started["event"] == "job_worker_started"


def test_celery_is_not_started_without_a_redis_for_its_jobs(operator):
    refused = operator.run(JOB_DISPATCH="celery")

    assert (refused.returncode, refused.stderr) == (
        1,
        "gateway: jobs: GATEWAY_JOB_DISPATCH=celery needs GATEWAY_REDIS_URL, where its jobs stand\n",
    )


def test_celery_is_not_started_over_a_broker_that_it_cannot_follow(operator, kept):
    refused = operator.run(JOB_DISPATCH="celery", REDIS_URL=kept.url, JOB_BROKER_URL="redis+sentinel://h:1/name")

    assert refused.returncode == 1
    assert refused.stderr == (
        "gateway: jobs: Celery needs a broker of the form redis://HOST:PORT/DB or rediss://… (GATEWAY_JOB_BROKER_URL)\n"
    )


def test_celery_is_not_started_where_the_callers_token_is_forwarded_or_jobs_would_be_evicted(operator, evicting):
    forwards = operator.run(JOB_DISPATCH="celery", CORE_AUTH="forward", REDIS_URL=evicting.url)
    evicts = operator.run(JOB_DISPATCH="celery", JOB_PROCESSES="2", REDIS_URL=evicting.url)

    assert (forwards.returncode, evicts.returncode) == (1, 1)
    assert forwards.stderr.startswith("gateway: jobs: the core is called with the caller's token")
    assert evicts.stderr.startswith("gateway: jobs: Redis would evict jobs")


def test_messages_go_to_a_broker_and_are_counted(kept):
    dispatch = CeleryDispatch(kept.url, 1)

    dispatch.ring(3)

    assert dispatch.depth() == 3
