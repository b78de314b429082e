"""Leases, notices, and workers that lose them, over every store of idempotency records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gateway.admission.idempotency.errors import InProgress, StoreUnavailable
from gateway.admission.idempotency.redis_store import RedisIdempotencyStore
from tests.doubles.store_worlds import claim, finals, taken_over

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_lease_that_ran_out_frees_the_key_and_what_was_marked_is_unknown(store, world):
    died = claim(store, items=10)
    died.record(finals(0, 1))
    died.sent_upto(6)
    world.pass_time(11)

    again = taken_over(world, items=10)

    assert {index: entry.state for index, entry in again.stored.items()} == {
        **dict.fromkeys([0, 1], "final"),  # written with the mark
        **dict.fromkeys([2, 3, 4, 5], "unknown"),
    }
    assert list(again.to_send) == [6, 7, 8, 9]


def test_results_are_written_while_the_batch_runs(store, world):
    died = claim(store, items=100)
    died.begin(range(100))
    died.record(finals(*range(70)))
    world.pass_time(11)

    again = taken_over(world, items=100)

    assert [entry.index for entry in again.stored.values() if entry.state == "final"] == list(range(70))
    assert list(again.to_send) == list(range(74, 100))


def test_a_batch_that_waits_for_the_core_renews_its_lease(store, world):
    waiting = claim(store, items=100)
    for _ in range(4):
        world.pass_time(6)
        waiting.renew()

    with pytest.raises(InProgress):
        claim(world.worker(), items=100)


def test_who_closes_again_since_the_first_answer_was_lost_has_closed(store):
    first = claim(store)
    first._record.close([], complete=False)
    if isinstance(store, RedisIdempotencyStore):
        first._record.close([], complete=False)

    assert claim(store).stored.keys() == {0, 1, 2}


def test_the_end_of_a_batch_that_could_not_be_written_is_written_before_its_key_is_claimed_again(store, monkeypatch):
    first = claim(store)
    first.record(finals(0, 1, 2))
    monkeypatch.setattr(first, "_record", Closing(first._record, Failing(first._record.close, times=1)))
    first.finish()
    assert (first.is_kept, store.waiting()) == (False, 1)

    again = claim(store)

    assert (again.kind, again.stored.keys(), store.waiting()) == ("replay", {0, 1, 2}, 0)


class Away:
    """Fails until the store is back."""

    def __init__(self, do: Any) -> None:
        self._do = do
        self.is_back = False

    def __call__(self, *arguments: Any, **named: Any) -> None:
        if not self.is_back:
            raise StoreUnavailable("away")
        self._do(*arguments, **named)


def test_what_was_said_while_the_store_was_away_longer_than_the_lease_is_known_to_another_that_asks_first(
    store, world, monkeypatch
):
    first = claim(store)
    first.record(finals(0, 1, 2))
    close = Away(first._record.close)
    monkeypatch.setattr(first, "_record", Closing(first._record, close))
    first.finish()
    world.pass_time(60)
    other = world.worker()

    with pytest.raises(InProgress) as refusal:
        claim(other)
    close.is_back = True
    claim(store, key="another")
    again = claim(other)

    assert refusal.value.retry_after == 2
    assert (again.kind, again.stored) == ("replay", {entry.index: entry for entry in finals(0, 1, 2)})


def test_who_does_not_answer_a_notice_loses_its_key_when_it_is_over_however_many_ask(store, world):
    claim(store)
    world.pass_time(11)
    others = [world.worker() for _ in range(2)]
    for other in others:
        with pytest.raises(InProgress):
            claim(other)
    world.pass_time(1)
    with pytest.raises(InProgress):
        claim(others[0])
    world.pass_time(1.1)

    assert claim(others[1]).stored[0].state == "unknown"


def test_who_answers_a_notice_is_given_another_one_after_its_next_lease(store, world):
    slow = claim(store)
    world.pass_time(11)
    with pytest.raises(InProgress):
        claim(world.worker())
    slow.renew()
    world.pass_time(11)

    assert taken_over(world).stored[0].state == "unknown"


class Closing:
    """A record that closes as it is told. A compiled one takes no other method."""

    def __init__(self, record: Any, close: Callable[..., None]) -> None:
        self._record = record
        self.close = close

    def __getattr__(self, name: str) -> Any:
        return getattr(self._record, name)


class Failing:
    """Fails so many times, then does it."""

    def __init__(self, do: Any, times: int) -> None:
        self._do = do
        self._times = times

    def __call__(self, *arguments: Any, **named: Any) -> None:
        self._times -= 1
        if self._times >= 0:
            raise StoreUnavailable("away")
        self._do(*arguments, **named)


def test_each_write_renews_the_lease(store, world):
    running = claim(store, items=20)
    for position in (8, 12, 16):
        world.pass_time(9)
        assert running.sent_upto(position)

    with pytest.raises(InProgress):
        claim(world.worker(), items=20)


def test_a_worker_that_lost_its_lease_can_write_no_more(store, world):
    frozen = claim(store, items=20)
    world.pass_time(11)
    taker = taken_over(world, items=20)

    assert not frozen.sent_upto(8)
    frozen.record(finals(0))
    frozen.finish()
    frozen.abandon()

    with pytest.raises(InProgress):
        claim(world.worker(), items=20)
    assert taker.sent_upto(16)


def test_a_lease_that_ran_out_but_was_not_taken_goes_on(store, world):
    slow = claim(store, items=20)
    world.pass_time(11)

    assert slow.sent_upto(8)
    with pytest.raises(InProgress):
        claim(world.worker(), items=20)
