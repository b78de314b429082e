"""What only the embedded store can meet: its file's bound, clocks, dying processes, full disks."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway.admission.idempotency.errors import InProgress, StoreUnavailable
from tests.doubles.clocks import FakeClock
from tests.doubles.rules import claim_policy, sqlite_store
from tests.unit.gateway.admission.idempotency.batches import SQLITE_POLICY, kept, run_one

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "idempotency.sqlite3"


@pytest.fixture
def wall():
    return FakeClock()


@pytest.fixture
def lease():
    return FakeClock(5000.0)


@pytest.fixture
def store(path, wall, lease):
    made = sqlite_store(path, SQLITE_POLICY, max_bytes=1_048_576, wall_clock=wall, lease_clock=lease)
    with closing(made):
        yield made


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 1e9, -1e6])
def test_no_jump_of_the_wall_clock_frees_or_prolongs_a_lease(store, wall, lease, jump):
    store.claim("p", "k", "f", 1)
    wall.advance(jump)

    with pytest.raises(InProgress):
        store.claim("p", "k", "f", 1)
    lease.advance(10.1)
    with contextlib.suppress(InProgress):  # notice is given, unless the jump has ended the record's life too
        store.claim("p", "k", "f", 1).abandon()
    lease.advance(2.1)
    assert store.claim("p", "k", "f", 1)


@pytest.mark.parametrize("jump", [-3600.0, 900.0])
def test_a_jump_of_the_wall_clock_within_the_time_to_live_loses_no_record(store, wall, jump):
    run_one(store, "k")
    wall.advance(jump)

    assert store.claim("p", "k", "f", 1).kind == "replay"


def test_a_reboot_ends_all_leases(store, lease):
    store.claim("p", "k", "f", 1)
    lease.now = 3.0

    assert store.claim("p", "k", "f", 1).stored[0].state == "unknown"


def test_a_worker_with_another_lease_setting_respects_the_lease_as_it_was_taken(store, path, wall, lease):
    store.claim("p", "k", "f", 1)
    lease.advance(5)
    hasty = sqlite_store(path, claim_policy(lease_seconds=1), wall_clock=wall, lease_clock=lease)

    with closing(hasty), pytest.raises(InProgress):
        hasty.claim("p", "k", "f", 1)


def test_expired_records_are_swept_in_time(store, wall, lease, path):
    for number in range(50):
        run_one(store, f"k{number}")
    wall.advance(1001)
    lease.advance(31)
    for _ in range(4):
        run_one(store, "again")

    assert count(path) == 1


def expiry(path: Path) -> float:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT expires_at FROM record").fetchone()[0]


def test_a_write_a_moment_after_the_last_leaves_the_expiry_and_a_later_one_postpones_it(store, wall, path):
    claim = store.claim("p", "k", "f", 1)
    begun = expiry(path)

    wall.advance(0.5)
    claim.renew()
    assert expiry(path) == begun

    wall.advance(0.5)
    claim.renew()
    assert expiry(path) == begun + 1.0

    wall.advance(7)
    claim.finish()
    assert expiry(path) == begun + 8.0


def test_a_write_that_failed_has_postponed_nothing(store, wall, path):
    record = store.claim("p", "k", "f", 1)._record
    begun = expiry(path)
    wall.advance(5)
    with pytest.raises(StoreUnavailable):
        record.append([object()])
    assert expiry(path) == begun

    record.append([])

    assert expiry(path) == begun + 5.0


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM record").fetchone()[0]


def test_the_oldest_finished_records_give_way_when_the_file_is_nearly_full(store, wall, lease, path, caplog):
    running = store.claim("p", "running", "f", 1)
    for number in range(300):
        run_one(store, f"k{number}", payload=b"1" * 10_000)
        wall.advance(1)
        lease.advance(0.001)

    assert path.stat().st_size <= 1_048_576
    assert store.claim("p", "k299", "f", 1).kind == "replay"
    assert store.claim("p", "k0", "f", 1).kind == "fresh"
    with pytest.raises(InProgress):
        store.claim("p", "running", "f", 1)
    running.finish()
    assert "idempotency_records_evicted" in {record.message for record in caplog.records}


def test_a_file_full_of_running_batches_refuses_more_and_no_one_loses_its_record(store, path):
    running = []
    with pytest.raises(StoreUnavailable, match="SQLITE_FULL"):
        fill(store, running)

    for number, claim in enumerate(running):
        with pytest.raises(InProgress):
            store.claim("p", f"k{number}", "f", 70)
        claim.finish()
    assert store.claim("p", "one more", "f", 1).kind == "fresh"


def test_of_large_records_few_are_removed_at_a_time(tmp_path, wall):
    with closing(sqlite_store(tmp_path / "large", SQLITE_POLICY, max_bytes=67_108_864, wall_clock=wall)) as store:
        for number in range(6):
            run_one(store, f"k{number}", payload=b"1" * 3_000_000)
        wall.advance(2 * SQLITE_POLICY.ttl_seconds)

        store.claim("p", "next", "f", 1)

        assert count(tmp_path / "large") == 6 - 2 + 1


def fill(store, running) -> None:
    for number in range(200):
        running.append(store.claim("p", f"k{number}", "f", 70))
        running[-1].record(kept(*range(70), payload=b"1" * 400))


def test_what_is_wrong_with_the_file_is_told_by_ping(path):
    with closing(sqlite_store(path, SQLITE_POLICY)) as store:
        assert store.ping() is None
    path.write_bytes(b"x" * 5000)

    assert "SQLITE_NOTADB" in store.ping().reason


def test_a_file_of_another_version_moved_away_makes_room_for_a_new_one_and_can_be_put_back(path, store):
    run_one(store, "old")
    store.close()
    mark(path, 2)
    with pytest.raises(StoreUnavailable, match="another version"):
        store.claim("p", "old", "f", 1)

    kept = path.rename(path.with_suffix(".kept"))
    anew = store.claim("p", "old", "f", 1)
    assert anew.kind == "fresh"
    store.close()

    kept.rename(path)
    mark(path, 1)
    before = store.claim("p", "old", "f", 1)
    assert (before.kind, before.prefix) == ("replay", anew.prefix)


def mark(path: Path, version: int) -> None:
    """Give the file the mark of a version, all of it in the one file."""
    with closing(sqlite3.connect(path)) as rows:
        rows.execute(f"PRAGMA user_version = {version}")
        rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_what_the_keeper_writes_waits_for_no_other_batch(path):
    """Neither leases that it renews one after the other, nor ends of batches that it repeats in order."""
    waited, came = [], threading.Event()
    policy = claim_policy(lease_seconds=0.3)
    with closing(sqlite_store(path, policy, pause=lambda: waited.append(threading.current_thread().name))) as store:
        claims = [store.claim("p", key, "f", 1) for key in "abc"]
        for claim in claims:
            claim.watch(came.set, bool)
            claim.begin([0])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            claims[0].finish()
        assert store.waiting() == 1
        until = time.monotonic() + 10.0
        renewed_at = claims[1].renew_at
        while (store.waiting() or claims[1].renew_at == renewed_at) and time.monotonic() < until:
            time.sleep(0.01)

        assert (store.waiting(), claims[1].renew_at > renewed_at, came.is_set()) == (0, True, False)
        claims[1].finish()

    assert waited == ["MainThread"]
