"""Job workers that are killed while they run: nothing is lost, nothing is guessed, and the counts add up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from gateway.admission.idempotency.key import derive_prefix
from tests.doubles.redis_server import BINARY, MISSING, RedisServer
from tests.faults.jobs.crew import FIRST_ID, LAST_ID, Crew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gateway.jobs.job import Job

pytestmark = pytest.mark.e2e

WINDOW = 128
"""Four times BATCH_CONCURRENCY, which is more than JOB_CORE_CONCURRENCY: what one kill leaves in doubt at most (contract 1.6)."""
KILL_SECONDS = 2.0


@pytest.fixture
def redis_server(tmp_path) -> Iterator[RedisServer]:
    if BINARY is None:
        pytest.skip(MISSING)
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "redis"])
def make_crew(request, tmp_path) -> Iterator[Callable[..., Crew]]:
    crews = []
    store = {} if request.param == "sqlite" else {"REDIS_URL": request.getfixturevalue("redis_server").url}

    def make(latency_ms: int, **settings: str) -> Crew:
        crew = Crew(tmp_path, latency_ms, **store, **settings).__enter__()
        crews.append(crew)
        return crew

    yield make
    for crew in crews:
        crew.__exit__()


def run_under_fire(
    crew: Crew,
    jobs: Sequence[Job],
    *,
    seconds: float,
    kill: Callable[[], None] | None = None,
    workers: int = 3,
    every: float = KILL_SECONDS,
) -> int:
    """Kill a worker ``every`` so many seconds, and look at the counts all the time. How many were killed.

    Something was settled since the last kill, or nobody could begin before the next.
    """
    kill = kill or crew.replace_one
    crew.hire(workers)
    kills, kill_at, settled = 0, time.monotonic() + 2 * every, 0
    give_up = time.monotonic() + seconds
    last = dict.fromkeys((job.id for job in jobs), 0)
    while True:
        looks = [crew.get(job) for job in jobs]
        for look in looks:
            assert (
                look.counts.applied + look.counts.failed + look.counts.unknown + look.counts.unprocessed
                == look.counts.total
            )
            assert look.counts.settled >= last[look.id]
            last[look.id] = look.counts.settled
        if not any(look.is_live for look in looks):
            return kills
        assert time.monotonic() < give_up, f"still {looks}"
        if time.monotonic() >= kill_at and sum(last.values()) > settled:
            kill()
            kills, kill_at, settled = kills + 1, time.monotonic() + every, sum(last.values())
        time.sleep(0.05)


def reconcile(crew: Crew, jobs: Sequence[Job], item_ids: Sequence[int], kills: int) -> None:
    ledger, unknown = crew.applied(), 0
    for job in jobs:
        ended, outcomes = crew.get(job), crew.outcomes(job)
        prefix = derive_prefix(job.principal, job.id, "")
        assert set(outcomes) == set(range(len(item_ids)))
        for index, item_id in enumerate(item_ids):
            times = ledger.pop(f"{prefix}-{item_id}", 0)
            assert (outcomes[index], times) in {("applied", 1), ("unknown", 0), ("unknown", 1)}
        counted = (ended.counts.applied, ended.counts.unknown)
        assert counted == tuple(list(outcomes.values()).count(kind) for kind in ("applied", "unknown"))
        unknown += ended.counts.unknown
    assert not ledger, "the core was sent what no job has"
    assert unknown <= WINDOW * kills


def test_workers_that_are_killed_every_two_seconds_lose_nothing(make_crew):
    crew = make_crew(80)
    item_ids = range(FIRST_ID, FIRST_ID + 2000)
    job = crew.start(item_ids)

    kills = run_under_fire(crew, [job], seconds=100)

    assert kills
    reconcile(crew, [job], item_ids, kills)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_workers_that_are_killed_all_the_time_lose_nothing_of_20000_items(make_crew):
    crew = make_crew(40)
    item_ids = range(FIRST_ID, LAST_ID + 1)
    jobs = [crew.start(item_ids, principal=f"p{number}") for number in range(7)]

    kills = run_under_fire(crew, jobs, seconds=800)

    assert kills > 10
    reconcile(crew, jobs, item_ids, kills)


def assert_a_stop_leaves_nothing_in_doubt(crew, items):
    """Told to stop midway, a worker gives back what it has, and another goes on."""
    item_ids = range(FIRST_ID, FIRST_ID + items)
    job = crew.start(item_ids)
    crew.hire()
    while not crew.get(job).counts.applied:
        time.sleep(0.02)

    codes = crew.dismiss()
    stopped = crew.get(job)
    crew.hire()
    while crew.get(job).is_live:
        time.sleep(0.05)

    assert codes == [0]
    assert 0 < stopped.counts.applied < items
    assert stopped.counts.unknown == 0
    assert stopped.state == "running"
    assert crew.get(job).counts.applied == items
    reconcile(crew, [job], item_ids, 0)


def test_a_worker_that_is_told_to_stop_gives_its_chunk_back_and_leaves_nothing_in_doubt(make_crew):
    assert_a_stop_leaves_nothing_in_doubt(make_crew(80), 500)
