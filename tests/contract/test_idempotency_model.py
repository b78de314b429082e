"""The stores against a model: any sequence of claims, marks, results, ends, crashes and time, by several workers.

The model knows, of each item, whether it was sent, what the core did, and what the worker wrote down. The promises are
those of contract 1.5: nothing final is sent again, nothing that may have been applied is sent again where the core does
not honour keys, and everything else is.
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

from gateway.admission.idempotency.errors import FingerprintMismatch, InProgress
from gateway.admission.idempotency.journal import Entry
from tests.doubles.store_worlds import RedisWorld, SqliteWorld

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.admission.idempotency.claim import Claim

ITEMS = 9
TTL, LEASE, NOTICE = 1000, 10, 2
KEYS = st.sampled_from(["k", "l"])
BODIES = st.sampled_from(["body", "other"])


@dataclass
class Model:
    """What must be true of one key. ``excused`` are items that a dead run had marked and may not have sent."""

    body: str = ""
    applied: set[int] = field(default_factory=set)
    final: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)
    excused: set[int] = field(default_factory=set)
    lease_until: float = 0.0
    expires_at: float = 0.0
    is_held: bool = False
    is_noticed: bool = False


class Run:
    """One batch of one worker; results wait in the worker's memory until the store has them."""

    def __init__(self, key: str, claim: Claim) -> None:
        self.key = key
        self.claim = claim
        self.sent = 0
        self.unwritten: dict[int, str] = {}
        claim.watch(lambda: pytest.fail("the store never fails here"), bool)
        claim.begin(range(len(claim.to_send)))


class Machine(RuleBasedStateMachine):
    """Subclasses say over which store, and whether the core honours keys."""

    honours_keys = False
    make_world: Callable[[], Any]

    @initialize()
    def begin(self) -> None:
        self.world = self.make_world()
        self.workers = [self.world.worker(repeats_unknown=self.honours_keys) for _ in range(2)]
        self.now = 0.0
        self.models: dict[str, Model] = {}
        self.runs: list[Run] = []

    def teardown(self) -> None:
        self.world.close()

    @rule(key=KEYS, body=BODIES, worker=st.integers(0, 1))
    def claim(self, key: str, body: str, worker: int) -> None:
        model = self.models.get(key)
        if model and model.lease_until <= self.now and model.expires_at <= self.now:
            model = None
        try:
            claim = self.workers[worker].claim("p", key, body, ITEMS)
        except FingerprintMismatch:
            assert model
            assert model.body != body
            return
        except InProgress:
            assert model
            if model.lease_until <= self.now:
                assert model.is_held
                assert not model.is_noticed
                model.is_noticed, model.lease_until = True, self.now + NOTICE
            return
        if model is None:
            assert claim.kind == "fresh"
            model = self.models[key] = Model(body)
        assert model.body == body
        assert model.lease_until <= self.now
        assert model.is_noticed or not model.is_held
        for run in [run for run in self.runs if run.key == key]:
            self._dies(run)  # It lost its lease to this claim, and can write no more.
        self._check(claim, model)
        if claim.kind != "replay":
            self._hold(key, claim, model)

    def _check(self, claim: Claim, model: Model) -> None:
        stored_final = {index for index, entry in claim.stored.items() if entry.state == "final"}
        assert stored_final == model.final
        assert not model.final & set(claim.to_send)
        if self.honours_keys:
            assert set(claim.to_send) == set(range(ITEMS)) - model.final
        else:
            assert not model.doubtful & set(claim.to_send)
            assert set(range(ITEMS)) - model.final - model.doubtful - model.excused <= set(claim.to_send)

    def _hold(self, key: str, claim: Claim, model: Model) -> None:
        self.runs.append(Run(key, claim))
        self._renew(key)

    def _renew(self, key: str) -> None:
        model = self.models[key]
        model.lease_until, model.expires_at = self.now + LEASE, self.now + TTL
        model.is_held, model.is_noticed = True, False

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), ends=st.lists(st.sampled_from(["final", "open", "unknown", "no answer yet"]), min_size=1))
    def send_some(self, data: st.DataObject, ends: list[str]) -> None:
        run = data.draw(st.sampled_from(self.runs))
        for end in ends[: len(run.claim.to_send) - run.sent]:
            self._send(run, run.claim.to_send[run.sent], end)

    def _send(self, run: Run, index: int, end: str) -> None:
        model = self.models[run.key]
        assert run.claim.upto() > run.sent or run.claim.upto() == run.sent < len(run.claim.to_send)
        if run.claim.upto() == run.sent:
            return  # Held up until what has left has ended.
        run.sent += 1
        assert self.honours_keys or index not in model.applied, "applied twice"
        model.doubtful.add(index)
        if end != "open":
            model.applied.add(index)
        if end != "no answer yet":
            run.unwritten[index] = end
            run.claim.record([Entry(index, end)])
            if not run.claim._buffer:  # it was time to write
                self._written(run)

    def _written(self, run: Run) -> None:
        model = self.models[run.key]
        model.final |= {index for index, end in run.unwritten.items() if end == "final"}
        settled = {index for index, end in run.unwritten.items() if end != "unknown"}
        model.doubtful -= settled
        model.excused -= settled
        run.unwritten.clear()
        self._renew(run.key)

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(self.runs))
        self.runs.remove(run)
        for index in run.claim.to_send[run.sent :]:
            run.unwritten[index] = "open"
            run.claim.record([Entry(index, "open")])
        run.claim.finish()
        self._written(run)
        self._given_back(self.models[run.key])

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        self._dies(data.draw(st.sampled_from(self.runs)))

    def _dies(self, run: Run) -> None:
        self.runs.remove(run)
        self.models[run.key].excused |= set(run.claim.to_send[: run.claim._marked])

    @precondition(lambda self: any(run.sent == 0 for run in self.runs))
    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from([run for run in self.runs if run.sent == 0]))
        self.runs.remove(run)
        run.claim.abandon()
        if run.claim.kind == "fresh":
            del self.models[run.key]
        else:
            self._given_back(self.models[run.key])

    def _given_back(self, model: Model) -> None:
        model.lease_until, model.is_held = self.now, False

    @rule(seconds=st.sampled_from([1, 3, 11, 1100]))
    def pass_time(self, seconds: int) -> None:
        self.world.pass_time(seconds)
        self.now += seconds
        # Whether a store still knows an expired record is its own affair, so a run is not asked to go on with one.
        self.runs = [run for run in self.runs if self.models[run.key].expires_at > self.now]

    @invariant()
    def what_is_final_was_applied_or_refused_once(self) -> None:
        for model in getattr(self, "models", {}).values():
            assert not model.final & model.doubtful


class SqliteMachine(Machine):
    def make_world(self) -> SqliteWorld:
        self.folder = tempfile.TemporaryDirectory()
        return SqliteWorld(Path(self.folder.name))

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


SETTINGS = settings(max_examples=40, stateful_step_count=30)


@pytest.mark.parametrize("honours_keys", [False, True])
def test_the_embedded_store_keeps_the_promises(honours_keys):
    machine = type("Over", (SqliteMachine,), {"honours_keys": honours_keys})
    run_machine(machine)


@pytest.mark.parametrize("honours_keys", [False, True])
def test_the_redis_store_keeps_the_promises(redis_server, honours_keys):
    world = {"make_world": lambda self: RedisWorld(redis_server.url), "honours_keys": honours_keys}
    run_machine(type("Over", (Machine,), world))


def run_machine(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=SETTINGS)
