"""One contract for every IdempotencyStore: contract 1.5, over the embedded store and over a real Redis."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from gateway.admission.idempotency.errors import FingerprintMismatch, InProgress, StoreUnavailable
from gateway.admission.idempotency.journal import Entry, Subject

if TYPE_CHECKING:
    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.store import IdempotencyStore

from tests.doubles.store_worlds import claim, finals, taken_over


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


SUBJECT = Subject("actions", ["1", "2", "3"])


def begun(store: IdempotencyStore) -> Claim:
    return store.claim("p", "k", "f", 3, bool, SUBJECT)


def test_a_look_shows_what_is_kept_and_what_it_is_about(store, world):
    first = begun(store)
    first.record([*finals(0), Entry(1, "open", b'{"code":"core_busy"}'), Entry(2, "unknown")])
    first.finish()

    kept = world.worker().look("p", "k")

    assert kept.subject == SUBJECT
    assert kept.entries == {
        0: finals(0)[0],
        1: Entry(1, "open", b'{"code":"core_busy"}'),
        2: Entry(2, "unknown"),
    }


def test_a_look_takes_nothing_so_a_repeat_still_resumes(store, world):
    first = begun(store)
    first.record([*finals(0, 1), Entry(2, "open")])
    first.finish()

    for _ in range(2):
        assert store.look("p", "k").entries[2].state == "open"
    again = claim(world.worker())

    assert (again.kind, list(again.to_send)) == ("resume", [2])


def test_what_is_not_there_or_another_callers_is_not_seen(store, world):
    begun(store).finish()

    assert store.look("p", "other") is None
    assert store.look("q", "k") is None
    world.pass_time(1001)
    assert store.look("p", "k") is None


def test_a_batch_that_runs_is_not_shown_and_one_whose_worker_died_is_shown_after_its_notice(store, world):
    begun(store)
    looking = world.worker()

    for seconds in (10.1, 2.1):
        with pytest.raises(InProgress):
            looking.look("p", "k")
        world.pass_time(seconds)

    assert {index: entry.state for index, entry in looking.look("p", "k").entries.items()} == dict.fromkeys(
        range(3), "unknown"
    )


def test_a_look_at_a_batch_that_an_earlier_release_began_says_so(store, world):
    first = claim(store)
    first.record(finals(0, 1, 2))
    first.finish()

    kept = world.worker().look("p", "k")

    assert (kept.subject, list(kept.entries.values())) == (None, finals(0, 1, 2))


def test_a_large_record_is_shown_whole_and_lets_others_run_between_its_pages(store, world):
    first = begun(store)
    large = [Entry(index, "final", b'"%b"' % (b"x" * 300_000)) for index in range(3)]
    for entry in large:
        first.record([entry])
        first.renew()
    first.finish()
    turns: list[None] = []

    kept = world.worker().look("p", "k", lambda: turns.append(None))

    assert list(kept.entries.values()) == large
    assert len(turns) >= 3
