"""One contract for every store of jobs: permits that are lost or doubled cost seconds, and no item."""

from __future__ import annotations

import pytest

from gateway.jobs.dispatch.loop import LoopDispatch
from gateway.jobs.sweeper import Sweeper
from gateway.jobs.worker import Worker
from tests.doubles.chunk_runs import Core, services
from tests.doubles.job_worlds import started

CHUNKS, ITEMS = 5, 100
LONGEST_PAUSE = 10
"""Seconds: the sweeper rings each five, and each process looks once a second whether it is due."""


class Rings(LoopDispatch):
    """Each of the permits goes ``as_many`` says: to nobody, to one worker, or to two."""

    def __init__(self, chunks, as_many):
        super().__init__(chunks)
        self._as_many = as_many
        self.rung = 0

    def ring(self, permits):
        for _ in range(permits):
            self.rung += 1
            super().ring(self._as_many(self.rung))


@pytest.mark.parametrize(
    "as_many",
    [lambda number: 1, lambda number: number % 2, lambda number: 2],
    ids=["none is lost", "half of them are lost", "each comes twice"],
)
@pytest.mark.parametrize("is_emptied", [False, True], ids=["", "all are lost once"])
def test_a_job_ends_without_a_long_pause_and_no_item_is_sent_twice(stores, world, as_many, is_emptied):
    jobs, chunks = stores
    item_ids = range(1, CHUNKS * ITEMS + 1)
    # A part is a chunk of its own.
    job = started(jobs, *(item_ids[at : at + ITEMS] for at in range(0, len(item_ids), ITEMS)))
    core = Core()
    dispatch = Rings(chunks, as_many)
    worker, sweeper = Worker("w", services(chunks, core)), Sweeper(chunks, dispatch)
    pause = longest = ran = 0
    while jobs.get("p", job.id).is_live:
        sweeper.turn()
        # A chunk is run in each second, and its permit is one for the next.
        while chunks.take_permit():
            if worker.run_one():
                ran, pause = ran + 1, 0
                dispatch.ring(1)
                break
        if is_emptied and ran == 2:
            is_emptied = False
            while chunks.take_permit():
                pass
        world.pass_time(1)
        pause += 1
        longest = max(longest, pause)
        assert longest <= LONGEST_PAUSE

    assert jobs.get("p", job.id).state == "succeeded"
    assert sorted(core.sent, key=int) == [str(item_id) for item_id in item_ids]
    assert ran == CHUNKS
