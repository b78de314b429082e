"""What waits for a store is written in order when it is back, within bounds, and leases are renewed meanwhile."""

from __future__ import annotations

import time

import pytest

from gateway.admission.idempotency.errors import LeaseLost, StoreUnavailable
from gateway.admission.idempotency.keeping import Keeper
from tests.doubles.clocks import FakeClock


class Store:
    """Takes writes by name, and none while it is down."""

    def __init__(self) -> None:
        self.is_down = True
        self.taken: list[str] = []

    def write(self, name: str):
        def write() -> None:
            if self.is_down:
                raise StoreUnavailable("down")
            if name == "lost":
                raise LeaseLost
            self.taken.append(name)

        return write


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def keeper():
    made = Keeper(pause_seconds=0.001, most_bytes=100)
    yield made
    made.close()


def until(condition) -> None:
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.001)


def test_what_waits_is_written_in_order_when_the_store_is_back(keeper, store):
    for name in "abc":
        keeper.keep(store.write(name), 1)
    assert keeper.waiting == 3
    store.is_down = False

    until(lambda: keeper.waiting == 0)
    assert store.taken == ["a", "b", "c"]


def test_whoever_is_about_to_claim_has_it_written_at_once(store):
    keeper = Keeper(pause_seconds=60)
    keeper.keep(store.write("a"), 1)
    keeper.write_now()
    assert keeper.waiting == 1
    store.is_down = False

    keeper.write_now()

    assert (keeper.waiting, store.taken) == (0, ["a"])
    keeper.close()


def test_what_is_lost_holds_up_nothing_behind_it(keeper, store, caplog):
    for name in ("lost", "b"):
        keeper.keep(store.write(name), 1)
    store.is_down = False

    until(lambda: "idempotency_finish_kept" in caplog.messages)
    assert (keeper.waiting, store.taken) == (0, ["b"])
    assert caplog.messages == ["idempotency_finish_lost", "idempotency_finish_kept"]


def test_of_more_than_it_may_hold_the_oldest_is_given_up(keeper, store, caplog):
    for name in "abc":
        keeper.keep(store.write(name), 40)
    assert keeper.waiting == 2
    store.is_down = False

    until(lambda: keeper.waiting == 0)
    assert store.taken == ["b", "c"]
    assert caplog.messages[0] == "idempotency_finish_lost"


def test_what_waits_at_the_end_is_tried_once_more(store):
    keeper = Keeper(pause_seconds=60)
    keeper.keep(store.write("a"), 1)
    store.is_down = False

    keeper.close()

    assert store.taken == ["a"]


class Batch:
    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.renew_at = clock() + 3
        self.renewals = 0

    def renew(self) -> None:
        self.renewals += 1
        self.renew_at = self._clock() + 3


def test_a_lease_is_renewed_when_it_is_due_and_no_more_once_its_batch_is_over(store):
    clock = FakeClock()
    keeper = Keeper(pause_seconds=0.001, clock=clock)
    batch, other = Batch(clock), Batch(clock)
    keeper.watch(batch)
    keeper.watch(other)
    clock.advance(3.1)
    until(lambda: batch.renewals == other.renewals == 1)

    keeper.forget(batch)
    clock.advance(3.1)
    until(lambda: other.renewals == 2)

    assert batch.renewals == 1
    keeper.close()
