"""Jobs over HTTP through real gateways and real job workers: what they tell is what the core did (contract 1.6)."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.stack import Stack
from tests.doubles.redis_server import BINARY, MISSING, RedisServer
from tests.e2e.jobs import ENDED, JOBS, JobPartner, for_jobs, ledger
from tests.faults.client import Client
from tests.faults.house import Gateway, eventually
from tests.faults.stream_reader import StreamReader

pytestmark = pytest.mark.e2e
FIRST_ID = 19_000
BESIDE = 21_500
"""From here on, ids that no job of these tests has."""
SETTINGS = {
    "CIRCUIT_ENABLED": "false",
    "CORE_HONOURS_IDEMPOTENCY": "false",
    "JOB_LEASE": "3",
    "RATE_LIMIT": "",
    "RETRY_BUDGET": "1",
    "RETRY_BUDGET_FLOOR": "1000",
}
# Some before the call is applied, some after.
BAD_DAYS = {"latency_ms": 20, "fault_rate": 0.1, "faults": ["503", "rejected", "404", "500-after", "reset-after"]}


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    if BINARY is None:
        pytest.skip(MISSING)
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def shared(request):
    """A core that knows no keys, a gateway and two job workers."""
    store = {"REDIS_URL": request.getfixturevalue("redis_url")} if request.param == "redis" else {}
    with Stack(SETTINGS | store, core=["--no-idempotency"], job_workers=2) as running:
        yield running


@pytest.fixture
def stack(shared):
    shared.core.control("POST", "reset")
    return shared


@pytest.fixture
def partner(stack):
    return JobPartner(stack)


def reconcile(partner, job, ids) -> Counter[str]:
    """How many of each outcome; each agrees with the core's ledger."""
    outcomes, applied = partner.outcomes(job, ids), Counter(ledger(partner.stack.core))
    for item_id, outcome in outcomes.items():
        assert (outcome, applied[item_id]) in {("applied", 1), ("failed", 0), ("unknown", 0), ("unknown", 1)}, item_id
    assert {item_id for item_id in applied if item_id < BESIDE} <= set(ids)
    return Counter(outcomes.values())


def kill_one_every(stack, seconds: float, settled, most_kills: int):
    """Call it often: it kills a job worker when so many seconds have passed, and starts another.

    Something was ``settled`` since the last kill, or nobody could begin before the next.
    """
    order, state = itertools.cycle(stack.job_workers), {"at": time.monotonic() + seconds, "settled": 0, "kills": 0}

    def meanwhile() -> None:
        is_due = time.monotonic() >= state["at"] and state["kills"] < most_kills
        if is_due and (now := settled()) > state["settled"]:
            worker = next(order)
            worker.kill()
            stack.employ(worker)
            state.update(at=time.monotonic() + seconds, settled=now, kills=state["kills"] + 1)

    return meanwhile, state


def run_on_a_bad_day(stack, partner, ids, most_kills: int) -> None:
    stack.core.control("PUT", "weather", BAD_DAYS)
    job = partner.started(ids)

    def settled() -> int:
        return len(ids) - partner.look(job)["counts"]["unprocessed"]

    meanwhile, state = kill_one_every(stack, 2.0, settled, most_kills)

    ended = partner.watched(job, meanwhile, seconds=600)
    counted = reconcile(partner, job, ids)

    assert state["kills"]
    assert ended["state"] == "partial"
    assert {kind: ended["counts"][kind] for kind in counted} == counted
    assert counted["failed"]
    assert counted["applied"] > len(ids) / 2
    assert sum(each["count"] for each in ended["errors_by_code"]) == len(ids) - counted["applied"]


@pytest.mark.slow
def test_a_job_over_a_bad_core_and_killed_workers_tells_what_the_core_did(stack, partner):
    run_on_a_bad_day(stack, partner, range(FIRST_ID, FIRST_ID + 2000), most_kills=4)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_jobs_one_after_another_over_a_bad_core_and_killed_workers_tell_what_the_core_did(stack, partner):
    for _ in range(8):
        stack.core.control("POST", "reset")
        run_on_a_bad_day(stack, partner, range(FIRST_ID, FIRST_ID + 2500), most_kills=100)


def test_batches_of_one_item_are_served_while_a_job_runs(stack, partner):
    stack.core.control("PUT", "weather", {"latency_ms": 20})
    job, statuses, beside = partner.started(range(FIRST_ID, FIRST_ID + 2000)), Counter(), itertools.count(BESIDE)

    def one_beside() -> None:
        statuses[partner.patch({"actionId": str(next(beside)), "status": "active"}).status] += 1

    ended = partner.watched(job, one_beside)

    assert ended["state"] == "succeeded"
    assert statuses.keys() == {200}
    assert ended["counts"]["applied"] == 2000


def look_at(stack, path: str) -> bytes:
    """The bytes of a request that waits."""
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stack.token()}\r\nPrefer: wait=60\r\n\r\n"
    return head.encode()


def test_a_reader_that_follows_reads_on_over_the_death_of_all_workers(stack, partner):
    stack.core.control("PUT", "weather", {"latency_ms": 20})
    job = partner.started(range(FIRST_ID, FIRST_ID + 1000))
    with Client(stack.gateway.url) as client:
        reader = StreamReader(client, look_at(stack, f"{JOBS}/{job}/results?follow=true"))
        first = reader.line()
        for worker in stack.job_workers:
            worker.kill()
            stack.employ(worker)
        *lines, last = [first, *reader.rest()]

    assert sorted(line["index"] for line in lines if "index" in line) == list(range(1000))
    assert last["complete"] is True
    assert partner.look(job)["state"] in ENDED


def test_what_a_core_left_undone_is_retried_as_another_job(stack, partner):
    ids = range(FIRST_ID, FIRST_ID + 600)
    job = partner.started(ids, pause_after=100)
    eventually(lambda: partner.look(job)["state"] == "paused", 30)
    partner.call("DELETE", f"{JOBS}/{job}")
    partner.watched(job)

    again = partner.call("POST", f"{JOBS}/{job}/retry").json()["id"]
    ended = partner.watched(again)

    assert (ended["state"], ended["counts"]["total"]) == ("succeeded", 500)
    assert Counter(ledger(stack.core)) == Counter(ids)
    assert [line["outcome"] for line in partner.lines(job)].count("unprocessed") == 500


def test_a_batch_that_is_handed_over_twice_runs_once(stack, partner):
    ids = range(FIRST_ID, FIRST_ID + 200)
    items = [{"actionId": str(item_id), "status": "active"} for item_id in ids]
    wish = {"prefer": "respond-async", "idempotency_key": f"once-{time.time_ns()}"}
    with ThreadPoolExecutor(4) as senders:
        replies = [each.result() for each in [senders.submit(partner.patch, *items, **wish) for _ in range(4)]]

    # Whoever came while another was being taken is told to come again.
    assert {reply.status for reply in replies} <= {202, 409}
    [job] = {reply.json()["id"] for reply in [*replies, partner.patch(*items, **wish)] if reply.status == 202}
    assert partner.watched(job)["state"] == "succeeded"
    assert Counter(ledger(stack.core)) == Counter(ids)
    assert partner.patch(*items, idempotency_key=wish["idempotency_key"]).status == 422


def test_a_gateway_that_stops_waits_for_no_look_and_no_reader(stack, partner):
    job = partner.made()
    slow = for_jobs(stack, GRACEFUL_TIMEOUT="60", REQUEST_DEADLINE="30")
    with Gateway(stack, stack.core.url, slow) as other, other.dial() as looking, other.dial() as following:
        looking.send(look_at(stack, f"{JOBS}/{job}"))
        reader = StreamReader(following, look_at(stack, f"{JOBS}/{job}/results?follow=true"))
        asked_at = time.monotonic()
        os.kill(other.master().pid, signal.SIGTERM)
        look, last = looking.read(), reader.line()
        eventually(lambda: not other.gateway.is_running(), 30)

        assert (look.status, look.json()["state"]) == (200, "uploading")
        assert last["complete"] is False
        # Each had asked for a minute, and the drain would have waited as long.
        assert time.monotonic() - asked_at < 50
