"""Job workers run by Celery whose processes are killed and whose messages are lost or doubled."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis

from gateway.jobs.dispatch.celery import KEY_PREFIX, QUEUE
from tests.doubles.redis_server import BINARY, MISSING, RedisServer
from tests.faults.jobs.crew import FIRST_ID, LAST_ID, Crew
from tests.faults.jobs.test_killed_workers import assert_a_stop_leaves_nothing_in_doubt, reconcile, run_under_fire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.e2e


@pytest.fixture
def server(tmp_path) -> Iterator[RedisServer]:
    if BINARY is None:
        pytest.skip(MISSING)
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def broker(server) -> Iterator[redis.Redis]:
    """A database of its own, so that it can be emptied beside the journal."""
    with contextlib.closing(redis.from_url(f"{server.url[:-1]}1")) as client:
        yield client


@pytest.fixture
def make_crew(server, tmp_path) -> Iterator[Callable[..., Crew]]:
    with contextlib.ExitStack() as crews:

        def make(latency_ms: int, **settings: str) -> Crew:
            own = {"JOB_DISPATCH": "celery", "JOB_PROCESSES": "2", "JOB_BROKER_URL": f"{server.url[:-1]}1"}
            return crews.enter_context(Crew(tmp_path, latency_ms, REDIS_URL=server.url, **own, **settings))

        yield make


def wait_for_the_end(crew: Crew, job: Any, *, seconds: float) -> float:
    """For how long nothing was settled, at most."""
    give_up = time.monotonic() + seconds
    settled, since, longest = 0, time.monotonic(), 0.0
    while (look := crew.get(job)).is_live:
        now = time.monotonic()
        assert now < give_up, f"still {look}"
        if look.counts.settled > settled:
            settled, since = look.counts.settled, now
        longest = max(longest, now - since)
        time.sleep(0.05)
    return longest


@contextlib.contextmanager
def beside(turn: Callable[[], None]) -> Iterator[None]:
    """Calls ``turn`` again and again in a thread."""
    ended = threading.Event()

    def run() -> None:
        # With a breath between, or it takes a processor from those whom it looks at.
        while not ended.wait(0.005):
            turn()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


# A master needs seconds to start, so each lives a little longer.
@pytest.mark.parametrize(
    ("which", "workers", "every"), [("children", 2, 2.0), pytest.param("masters", 3, 4.0, marks=pytest.mark.slow)]
)
def test_processes_that_are_killed_again_and_again_lose_nothing(make_crew, which, workers, every):
    crew = make_crew(200)
    item_ids = range(FIRST_ID, LAST_ID + 1)
    job = crew.start(item_ids)

    kills = run_under_fire(
        crew, [job], seconds=100, kill=getattr(crew, f"kill_one_of_the_{which}"), workers=workers, every=every
    )

    assert kills
    # With a master two children die.
    reconcile(crew, [job], item_ids, 2 * kills)


@pytest.mark.slow
@pytest.mark.timeout(900)
# A master needs seconds to start, so each lives a little longer.
@pytest.mark.parametrize(("which", "workers", "every"), [("children", 2, 2.0), ("masters", 3, 4.0)])
def test_processes_that_are_killed_all_the_time_lose_nothing_of_20000_items(make_crew, which, workers, every):
    crew = make_crew(200)
    item_ids = range(FIRST_ID, LAST_ID + 1)
    jobs = [crew.start(item_ids, principal=f"p{number}") for number in range(7)]

    kills = run_under_fire(
        crew, jobs, seconds=800, kill=getattr(crew, f"kill_one_of_the_{which}"), workers=workers, every=every
    )

    assert kills > 10
    reconcile(crew, jobs, item_ids, 2 * kills)


def test_a_job_ends_though_messages_are_stolen_and_the_broker_is_emptied(make_crew, broker):
    crew, stolen = make_crew(20), []
    item_ids = range(FIRST_ID, FIRST_ID + 1000)
    job = crew.start(item_ids, part_items=250)

    def steal() -> None:
        # One message between two chunks that ended. Redis serves who waits longest, and that may always be this one.
        ended = crew.get(job).counts.settled // 250
        if len(stolen) <= ended and (found := broker.brpop(f"{KEY_PREFIX}{QUEUE}", timeout=1)):
            stolen.append(found)

    with beside(steal):
        crew.hire()
        while not crew.get(job).counts.applied:
            time.sleep(0.02)
        broker.flushdb()
        longest = wait_for_the_end(crew, job, seconds=90)

    assert stolen
    # The sweeper looks each five seconds.
    assert longest < 15
    reconcile(crew, [job], item_ids, 0)
    assert crew.get(job).counts.applied == 1000


def test_messages_that_come_twice_cost_no_call(make_crew, broker):
    crew, doubled = make_crew(20), set()
    item_ids = range(FIRST_ID, FIRST_ID + 2000)

    def double() -> None:
        for held in broker.hvals(f"{KEY_PREFIX}unacked"):
            message = json.loads(held)[0]
            if message["headers"]["id"] not in doubled:
                doubled.add(message["headers"]["id"])
                broker.lpush(f"{KEY_PREFIX}{QUEUE}", json.dumps(message))

    with beside(double):
        job = crew.start(item_ids)
        crew.hire()
        wait_for_the_end(crew, job, seconds=90)

    assert doubled
    reconcile(crew, [job], item_ids, 0)
    assert crew.get(job).counts.applied == 2000
    # Said by the main process alone.
    [starting] = [line for line in crew.log() if line["event"] == "job_worker_starting"]
    assert starting["settings"]["GATEWAY_JOB_DISPATCH"] == "celery"


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_gives_its_chunks_back_and_leaves_nothing_in_doubt(make_crew):
    assert_a_stop_leaves_nothing_in_doubt(make_crew(80), 1000)
