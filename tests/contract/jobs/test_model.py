"""The stores of jobs against a model: any sequence of starts, turns, writes, deaths, pauses, cancels and time.

Counts add up at every look, no chunk is in two hands, who lost a lease writes nothing, and nothing is lost.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.admission.idempotency.errors import LeaseLost
from gateway.jobs.chunk import Ending
from gateway.jobs.errors import TooManyJobs
from gateway.jobs.settlement import Settlement
from tests.doubles.job_worlds import APPLIED, RedisJobWorld, SqliteJobWorld, all_results, failed, lines_of, started

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.jobs.chunk import Lease

LEASE = 45
PRINCIPALS = st.sampled_from(["p", "q"])
OUTCOMES = {"applied": APPLIED, "failed": failed("rejected"), "unknown": failed("core_timeout")}
SIZES = st.lists(st.sampled_from([1, 3, 3, 501]), min_size=1, max_size=3)
ENDED = {"succeeded", "partial", "failed", "cancelled"}


@dataclass
class Model:
    """What must be true of one job: the outcome of each settled item by index."""

    id: str
    total: int
    outcomes: dict[int, str] = field(default_factory=dict)


@dataclass
class Hand:
    """A worker's hold on a chunk, as it remembers it."""

    model: Model
    lease: Lease
    settlement: Settlement
    until: float


class Machine(RuleBasedStateMachine):
    """Subclasses say over which store."""

    make_world: Callable[[], Any]

    @initialize()
    def begin(self) -> None:
        self.world = self.make_world()
        self.jobs, self.chunks = self.world.open(live_jobs=2)
        _, self.others = self.world.open()
        self.now = 0.0
        self.models: dict[str, Model] = {}
        self.hands: list[Hand] = []
        self._superseded: set[str] = set()
        self._start("p", [3, 1, 3], None)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.runs_to_its_end()
            self.world.close()

    @rule(principal=PRINCIPALS, sizes=SIZES, pause_after=st.sampled_from([None, 2, 600]))
    def start(self, principal: str, sizes: list[int], pause_after: int | None) -> None:
        self._start(principal, sizes, pause_after)

    def _start(self, principal: str, sizes: list[int], pause_after: int | None) -> None:
        parts = [[f"{part}-{line}" for line in range(size)] for part, size in enumerate(sizes)]
        try:
            job = started(self.jobs, *parts, principal=principal, pause_after=pause_after)
        except TooManyJobs:
            live = [job for job in self.jobs.jobs(principal, most=99).jobs if job.is_live]
            assert len(live) == 2
            return
        self.models[job.id] = Model(job.id, sum(sizes))

    @rule(others=st.lists(st.booleans(), min_size=1, max_size=3))
    def take(self, others: list[bool]) -> None:
        for is_other in others:
            self._take(is_other=is_other)

    @rule(others=st.lists(st.booleans(), min_size=1, max_size=2))
    def take_what_the_dead_held(self, others: list[bool]) -> None:
        self._pass_time(LEASE + 1)
        for is_other in others:
            self._take(is_other=is_other)

    def _take(self, *, is_other: bool) -> None:
        lease = (self.others if is_other else self.chunks).next_chunk("w")
        if lease is None:
            return
        assert not [hand for hand in self.hands if hand.lease.chunk == lease.chunk and hand.until > self.now], (
            "two hands"
        )
        # What a dead worker may have sent is told, even of a job that ends.
        assert self.jobs.get(None, lease.job_id).state == "running" or lease.events
        model = self.models[lease.job_id]
        known = {model_index - lease.first_index for model_index in model.outcomes}
        assert {bit for bit in range(lease.all_items) if lease.settled >> bit & 1} == known & set(
            range(lease.all_items)
        )
        self.hands.append(
            Hand(model, lease, Settlement(lease, lines_of(lease), repeats_unknown=False), self.now + LEASE)
        )

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), kinds=st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=4), ends=st.booleans())
    def write(self, data: st.DataObject, kinds: list[str], ends: bool) -> None:
        hand = data.draw(st.sampled_from(self.hands))
        offsets = hand.settlement.open_offsets(hand.lease.items)[: len(kinds)]
        told = dict(zip(offsets, kinds, strict=False))
        for offset, kind in told.items():
            hand.settlement.settle(offset, OUTCOMES[kind])
        self._write(hand, told, ends=ends)

    @precondition(lambda self: len(self.hands) > 1)
    @rule(ends=st.booleans())
    def the_first_who_took_writes(self, ends: bool) -> None:
        hand = self.hands[0]
        told = dict.fromkeys(hand.settlement.open_offsets(hand.lease.items)[:1], "failed")
        for offset in told:
            hand.settlement.settle(offset, OUTCOMES["failed"])
        self._write(hand, told, ends=ends)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def settle_the_rest(self, data: st.DataObject) -> None:
        hand = data.draw(st.sampled_from(self.hands))
        told = dict.fromkeys(hand.settlement.open_offsets(hand.lease.items), "applied")
        for offset in told:
            hand.settlement.settle(offset, APPLIED)
        self._write(hand, told, ends=True)

    def _write(self, hand: Hand, told: dict[int, str], *, ends: bool) -> None:
        ending = Ending(is_done=hand.settlement.is_complete) if ends else None
        is_lost = self._is_lost(hand)
        try:
            self.chunks.write(hand.lease, [b"event"], hand.settlement.next_write(), ending)
        except LeaseLost:
            assert is_lost, "a lease was lost to nobody"
            self.hands.remove(hand)
            return
        assert not is_lost, "a lost lease wrote"
        hand.settlement.was_written()
        hand.model.outcomes |= {hand.lease.first_index + offset: kind for offset, kind in told.items()}
        hand.until = self.now + LEASE
        if ends:
            self.hands.remove(hand)

    def _is_lost(self, hand: Hand) -> bool:
        """Another was handed the chunk later, or its job has ended."""
        later = self.hands[self.hands.index(hand) + 1 :]
        state = self.jobs.get(None, hand.model.id).state
        return (
            hand.lease.owner in self.superseded
            or state in ENDED
            or any(other.lease.chunk == hand.lease.chunk for other in later)
        )

    @property
    def superseded(self) -> set[str]:
        """Owners of leases that were given to others, who have ended since."""
        newest: dict[int, str] = {}
        for hand in self.hands:
            if before := newest.get(hand.lease.chunk):
                self._superseded.add(before)
            newest[hand.lease.chunk] = hand.lease.owner
        return self._superseded

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        assert self.superseded is not None
        self.hands.remove(data.draw(st.sampled_from(self.hands)))

    @precondition(lambda self: self.models)
    @rule(data=st.data(), ask=st.sampled_from(["pause", "resume", "resume", "resume", "cancel"]))
    def ask(self, data: st.DataObject, ask: str) -> None:
        model = data.draw(st.sampled_from(list(self.models.values())))
        if ask == "cancel" or self.jobs.get(None, model.id).state in ("queued", "running", "paused"):
            getattr(self.jobs, ask)(None, model.id)

    @rule(seconds=st.sampled_from([1, 20, 46]))
    def pass_time(self, seconds: int) -> None:
        self._pass_time(seconds)

    def _pass_time(self, seconds: int) -> None:
        self.world.pass_time(seconds)
        self.now += seconds

    @rule()
    def sweep(self) -> None:
        self.chunks.sweep()

    @invariant()
    def counts_are_those_of_the_model_and_add_up(self) -> None:
        for model in getattr(self, "models", {}).values():
            job = self.jobs.get(None, model.id)
            told = list(model.outcomes.values())
            counts = job.counts
            assert (counts.total, counts.applied, counts.failed, counts.unknown) == (
                model.total,
                *(told.count(kind) for kind in ("applied", "failed", "unknown")),
            )
            assert counts.unprocessed >= 0
            assert sum(each.count for each in job.errors_by_code) == counts.failed + counts.unknown

    def runs_to_its_end(self) -> None:
        """Whatever happened before: each job ends, and each item has one line."""
        self.world.pass_time(LEASE + 1)
        self.now += LEASE + 1
        self.hands.clear()
        for _ in range(3):
            for model in self.models.values():
                if self.jobs.get(None, model.id).state == "paused":
                    self.jobs.resume(None, model.id)
            for _ in range(99):
                if (lease := self.chunks.next_chunk("last")) is None:
                    break
                settlement = Settlement(lease, lines_of(lease), repeats_unknown=False)
                for offset in settlement.open_offsets(lease.items):
                    settlement.settle(offset, APPLIED)
                    self.models[lease.job_id].outcomes[lease.first_index + offset] = "applied"
                ending = Ending(is_done=settlement.is_complete)
                self.chunks.write(lease, [], settlement.next_write(), ending)
        self.chunks.sweep()
        for model in self.models.values():
            job, lines = self.jobs.get(None, model.id), all_results(self.jobs, self.jobs.get(None, model.id), most=400)
            expected = {index: model.outcomes.get(index, "unprocessed") for index in range(model.total)}
            assert job.state in ENDED
            assert job.state == "cancelled" or job.counts.unprocessed == 0
            assert len(lines) == model.total
            assert dict(lines) == expected


class SqliteMachine(Machine):
    def make_world(self) -> SqliteJobWorld:
        self.folder = tempfile.TemporaryDirectory()
        return SqliteJobWorld(Path(self.folder.name))

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "folder"):
            self.folder.cleanup()


SETTINGS = settings(max_examples=30, stateful_step_count=40)


def test_the_embedded_store_keeps_the_promises():
    run_state_machine_as_test(SqliteMachine, settings=SETTINGS)


def test_the_redis_store_keeps_the_promises(redis_server):
    over_redis = {"make_world": lambda self: RedisJobWorld(redis_server.url)}
    run_state_machine_as_test(type("Over", (Machine,), over_redis), settings=SETTINGS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_they_keep_them_for_long(redis_server):
    much = settings(SETTINGS, max_examples=400, stateful_step_count=60)
    over_redis = {"make_world": lambda self: RedisJobWorld(redis_server.url)}
    run_state_machine_as_test(SqliteMachine, settings=much)
    run_state_machine_as_test(type("Over", (Machine,), over_redis), settings=much)
