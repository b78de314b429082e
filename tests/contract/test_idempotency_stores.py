"""One contract for every IdempotencyStore: contract 1.5, over the embedded store and over a real Redis."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import redis

from gateway.admission.idempotency.errors import FingerprintMismatch, InProgress, StoreUnavailable
from gateway.admission.idempotency.journal import Entry
from gateway.admission.idempotency.redis_store import RedisIdempotencyStore
from tests.doubles.clocks import FakeClock
from tests.doubles.rules import claim_policy, sqlite_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.sqlite_store import SqliteIdempotencyStore
    from gateway.admission.idempotency.store import IdempotencyStore

POLICY = {"ttl_seconds": 1000.0, "lease_seconds": 10.0, "notice_seconds": 2.0, "window": 4}


class SqliteWorld:
    """The embedded store under clocks moved by hand."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state" / "idempotency.sqlite3"
        self._wall, self._lease = FakeClock(), FakeClock(50.0)
        self._stores: list[SqliteIdempotencyStore] = []

    def worker(self, **policy: Any) -> IdempotencyStore:
        """A store as another worker process would open it."""
        rules = claim_policy(**{**POLICY, **policy})
        store = sqlite_store(self._path, rules, wall_clock=self._wall, lease_clock=self._lease)
        self._stores.append(store)
        return store

    def forget_everything(self) -> None:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.executescript("DELETE FROM event; DELETE FROM record")

    def pass_time(self, seconds: float) -> None:
        self._wall.advance(seconds)
        self._lease.advance(seconds)

    def close(self) -> None:
        for store in self._stores:
            store.close()


class RedisWorld:
    """The Redis store; time passes by shortening the life of every key."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = redis.from_url(url)
        self._client.flushall()
        self._stores: list[RedisIdempotencyStore] = []

    def worker(self, **policy: Any) -> IdempotencyStore:
        """A store as another worker process would open it."""
        rules = claim_policy(**{**POLICY, **policy})
        store = RedisIdempotencyStore(self._url, rules, timeout_seconds=5.0)
        self._stores.append(store)
        return store

    def forget_everything(self) -> None:
        self._client.flushall()

    def pass_time(self, seconds: float) -> None:
        for key in self._client.scan_iter():
            left = self._client.pttl(key)
            assert left > 0, f"{key!r} would live for ever"
            self._client.pexpire(key, max(0, left - round(seconds * 1000)))

    def close(self) -> None:
        for store in [*self._stores, self._client]:
            store.close()


@pytest.fixture(params=["sqlite", "redis"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "sqlite":
        made: Any = SqliteWorld(tmp_path)
    else:
        made = RedisWorld(request.getfixturevalue("redis_server").url)
    yield made
    made.close()


@pytest.fixture
def store(world: Any) -> IdempotencyStore:
    return world.worker()


def claim(store: IdempotencyStore, *, items: int = 3, fingerprint: str = "f", key: str = "k", who: str = "p") -> Claim:
    return store.claim(who, key, fingerprint, items)


def taken_over(world: Any, **batch: Any) -> Claim:
    """The claim of another worker, for a key whose lease has run out."""
    other = world.worker()
    with pytest.raises(InProgress):
        claim(other, **batch)
    world.pass_time(2.1)
    return claim(other, **batch)


def finals(*indexes: int) -> list[Entry]:
    return [Entry(index, "final", b'{"id":%d}' % index) for index in indexes]


def test_the_first_use_of_a_key_is_fresh_and_sends_everything(store):
    first = claim(store)

    assert (first.kind, list(first.to_send), first.stored) == ("fresh", [0, 1, 2], {})


def test_a_twin_of_a_running_batch_is_told_to_wait(store, world):
    claim(store)

    with pytest.raises(InProgress) as refusal:
        claim(world.worker())

    assert 1 <= refusal.value.retry_after <= 10


def test_a_finished_batch_is_replayed_with_all_it_stored(store, world):
    first = claim(store)
    first.record(finals(0, 1, 2))
    first.finish()

    again = claim(world.worker())

    assert (again.kind, list(again.to_send)) == ("replay", [])
    assert again.stored == {entry.index: entry for entry in finals(0, 1, 2)}


def test_a_replay_can_be_had_many_times_and_at_once(store):
    first = claim(store)
    first.record(finals(0, 1, 2))
    first.finish()

    replays = [claim(store) for _ in range(3)]
    for replay in replays:
        replay.finish()

    assert [replay.kind for replay in [*replays, claim(store)]] == ["replay"] * 4


def test_another_body_under_the_same_key_is_a_mismatch_while_the_first_runs_and_after_it(store):
    first = claim(store)
    with pytest.raises(FingerprintMismatch):
        claim(store, fingerprint="other")
    first.record(finals(0, 1, 2))
    first.finish()

    with pytest.raises(FingerprintMismatch):
        claim(store, fingerprint="other")


def test_keys_of_different_principals_never_meet(store):
    mine, theirs = claim(store, who="p"), claim(store, who="q")

    assert mine.kind == theirs.kind == "fresh"
    assert mine.prefix != theirs.prefix


def test_items_that_did_not_end_are_sent_on_the_next_use_and_the_rest_is_kept(store, world):
    first = claim(store)
    first.record([*finals(0), Entry(1, "open", b'{"code":"core_busy"}'), Entry(2, "open")])
    first.finish()

    again = claim(world.worker())

    assert (again.kind, list(again.to_send)) == ("resume", [1, 2])
    assert again.stored[0] == finals(0)[0]
    assert again.prefix == first.prefix


def test_an_unknown_item_is_not_sent_again_where_the_core_does_not_honour_keys(store, world):
    first = claim(store)
    first.record([*finals(0, 1), Entry(2, "unknown", b'{"code":"core_timeout"}')])
    first.finish()

    again = claim(world.worker())

    assert (again.kind, list(again.to_send)) == ("replay", [])
    assert again.stored[2] == Entry(2, "unknown", b'{"code":"core_timeout"}')
    assert claim(world.worker()).kind == "replay"


def test_an_unknown_item_is_sent_again_where_the_core_honours_keys(store, world):
    first = claim(store)
    first.record([*finals(0, 1), Entry(2, "unknown")])
    first.finish()

    again = claim(world.worker(repeats_unknown=True))

    assert (again.kind, list(again.to_send)) == ("resume", [2])


def test_two_resumed_runs_are_merged(store, world):
    first = claim(store)
    first.record([*finals(0), Entry(1, "open"), Entry(2, "open")])
    first.finish()
    second = claim(world.worker())
    second.record([*finals(1), Entry(2, "open")])
    second.finish()
    third = claim(world.worker())
    third.record(finals(2))
    third.finish()

    last = claim(store)

    assert (list(second.to_send), list(third.to_send), last.kind) == ([1, 2], [2], "replay")
    assert last.stored == {entry.index: entry for entry in finals(0, 1, 2)}


def test_a_resumed_batch_is_in_progress_for_a_twin(store, world):
    first = claim(store)
    first.record([*finals(0, 1), Entry(2, "open")])
    first.finish()
    claim(world.worker())

    with pytest.raises(InProgress):
        claim(store)


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
    monkeypatch.setattr(first._record, "close", Failing(first._record.close, times=1))
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
    monkeypatch.setattr(first._record, "close", close)
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


def test_an_abandoned_fresh_claim_leaves_nothing(store):
    claim(store).abandon()

    assert claim(store, fingerprint="other").kind == "fresh"


def test_an_abandoned_resume_leaves_what_was_known_before(store, world):
    first = claim(store)
    first.record([*finals(0), Entry(1, "open", b'{"code":"deadline"}'), Entry(2, "open")])
    first.finish()
    claim(world.worker()).abandon()

    again = claim(world.worker())

    assert list(again.to_send) == [1, 2]
    assert again.stored[1].payload == b'{"code":"deadline"}'


def test_in_a_resumed_run_too_marks_come_before_sending(store, world):
    first = claim(store, items=12)
    first.record([*finals(0, 2, 4, 6), *(Entry(index, "open") for index in (1, 3, 5, 7, 8, 9, 10, 11))])
    first.finish()
    second = claim(world.worker(), items=12)  # marks its first window: 1, 3, 5, 7
    assert second.sent_upto(5)
    world.pass_time(11)

    third = taken_over(world, items=12)

    assert {index for index, entry in third.stored.items() if entry.state == "unknown"} == {1, 3, 5, 7, 8}
    assert list(third.to_send) == [9, 10, 11]


def test_a_record_expires_and_the_key_is_fresh_again(store, world):
    first = claim(store)
    first.record(finals(0, 1, 2))
    first.finish()
    world.pass_time(1001)

    assert claim(store, fingerprint="other").kind == "fresh"


def test_a_record_is_kept_until_it_expires(store, world):
    first = claim(store)
    first.record(finals(0, 1, 2))
    first.finish()
    world.pass_time(990)

    assert claim(store).kind == "replay"


def test_expiry_counts_from_the_end_of_the_batch(store, world):
    first = claim(store)
    world.pass_time(9)
    first.record(finals(0, 1, 2))
    first.finish()
    world.pass_time(995)

    assert claim(store).kind == "replay"


def test_a_running_batch_does_not_expire(world):
    running = claim(world.worker(ttl_seconds=1.0))
    world.pass_time(5)

    with pytest.raises(InProgress):
        claim(world.worker(ttl_seconds=1.0))
    running.finish()


def test_payloads_come_back_as_they_were(store):
    payload = '{"title": {"fr":"Congé é\\u0000\\n]"},"n":9007199254740993,"none":null,\n"list":[1.5,true,""]}'.encode()
    first = claim(store, items=1)
    first.record([Entry(0, "final", payload)])
    first.finish()

    assert claim(store, items=1).stored[0].payload == payload


def store_large_answer(store: IdempotencyStore, *, items: int = 40, **last: Any) -> list[Entry]:
    """Payloads of 100 kB each; the state of the ``last`` is final unless told otherwise."""
    entries = [Entry(index, "final", b'"%b"' % (b"%d" % (index % 10) * 100_000)) for index in range(items - 1)]
    entries.append(Entry(items - 1, last.get("last", "final"), b"{}"))
    first = claim(store, items=items)
    first.begin(range(items))
    for entry in entries:
        first.record([entry])
    first.finish()
    return entries


@pytest.mark.parametrize(("last", "kind"), [("final", "replay"), ("unknown", "replay"), ("open", "resume")])
def test_others_run_while_a_large_answer_is_read(store, world, last, kind):
    entries, turns = store_large_answer(store, last=last), []

    again = world.worker().claim("p", "k", "f", 40, lambda: turns.append("turn"))

    assert again.kind == kind
    assert list(again.stored.values()) == entries
    assert len(turns) >= 20


@pytest.mark.parametrize("last", ["final", "open"])
def test_a_record_that_is_removed_while_it_is_read_is_an_unavailable_store(store, world, last):
    store_large_answer(store, last=last)

    with pytest.raises(StoreUnavailable, match="removed while it was read"):
        world.worker().claim("p", "k", "f", 40, world.forget_everything)

    assert claim(store, items=40).kind == "fresh"


def test_one_of_many_threads_gets_the_key(world):
    stores = [world.worker() for _ in range(2)]
    results: list[str] = []
    gate = threading.Barrier(8)

    def contend(number: int) -> None:
        gate.wait(timeout=30)
        try:
            results.append(claim(stores[number % 2]).kind)
        except InProgress:
            results.append("in progress")

    threads = [threading.Thread(target=contend, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(results) == ["fresh", *["in progress"] * 7]


def test_a_store_that_answers_has_nothing_to_say(store):
    assert store.ping() is None


def test_a_closed_store_opens_again_when_used(store):
    first = claim(store)
    store.close()
    first.record(finals(0, 1, 2))
    first.finish()

    assert claim(store).kind == "replay"
