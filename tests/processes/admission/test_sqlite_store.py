"""The embedded idempotency store: killed workers, processes that race, a full disk."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway.admission.idempotency.errors import InProgress, StoreUnavailable
from gateway.admission.idempotency.journal import Entry
from tests.doubles.clocks import FakeClock
from tests.doubles.rules import claim_policy, sqlite_store
from tests.unit.gateway.admission.idempotency.batches import SQLITE_POLICY, run_one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "idempotency.sqlite3"


KILLED = """
import os, sys, signal
from pathlib import Path
from gateway.admission.idempotency.journal import Entry
from tests.doubles.rules import claim_policy, sqlite_store
store = sqlite_store(Path(sys.argv[1]), claim_policy(lease_seconds=float(sys.argv[2]), window=8))
claim = store.claim("p", "k", "f", 100)
claim.begin(range(100))
for index in range(70):
    assert claim.upto() > index
    claim.record([Entry(index, "final", b"%d" % index)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_worker(path: Path, lease_seconds: float) -> None:
    command = [sys.executable, "-c", KILLED, str(path), str(lease_seconds)]
    assert subprocess.run(command, timeout=60).returncode == -9


def test_a_worker_killed_midway_holds_its_key_for_its_lease_only(path):
    killed_worker(path, 3600)
    with closing(sqlite_store(path, claim_policy())) as store, pytest.raises(InProgress):
        store.claim("p", "k", "f", 100)


def test_of_a_worker_killed_midway_each_item_is_known_as_it_was(path):
    killed_worker(path, 0.0)
    lease = FakeClock(time.monotonic())

    with closing(sqlite_store(path, claim_policy(), lease_clock=lease)) as store:
        with pytest.raises(InProgress):  # notice is given
            store.claim("p", "k", "f", 100)
        lease.advance(2.1)
        claim = store.claim("p", "k", "f", 100)

    states = [entry.state for _, entry in sorted(claim.stored.items())]
    assert states[:68] == ["final"] * 68  # written
    assert set(states[68:]) == {"unknown"}  # marked, and maybe sent
    assert 70 <= len(states) <= 76
    assert list(claim.to_send) == list(range(len(states), 100))  # never sent


CONTENDER = """
import sys
from pathlib import Path
from gateway.admission.idempotency.errors import InProgress
from gateway.admission.idempotency.journal import Entry
from tests.doubles.rules import claim_policy, sqlite_store
store = sqlite_store(Path(sys.argv[1]), claim_policy(window=2), busy_seconds=30)
sys.stdin.read(1)
fresh = 0
for key in range(30):
    try:
        claim = store.claim("p", str(key), "f", 4)
    except InProgress:
        continue
    fresh += claim.kind == "fresh"
    assert claim.kind != "resume", claim.stored
    claim.begin(range(len(claim.to_send)))
    for position, index in enumerate(claim.to_send):
        assert claim.upto() > position
        claim.record([Entry(index, "final")])
    claim.finish()
print(fresh)
"""


def test_processes_that_race_for_keys_run_each_batch_once(path):
    command = [sys.executable, "-c", CONTENDER, str(path)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)]
    counts = [int(process.communicate(b"x", timeout=100)[0]) for process in processes]

    assert sum(counts) == 30
    with closing(sqlite_store(path, claim_policy())) as store:
        assert {store.claim("p", str(key), "f", 4).kind for key in range(30)} == {"replay"}


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of half a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], capture_output=True)
    if mount.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mount.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_disk(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            return ballast


def test_a_full_disk_refuses_claims_and_is_forgotten_when_there_is_room(small_disk):
    with closing(sqlite_store(small_disk / "store", SQLITE_POLICY)) as store:
        run_one(store, "before")
        ballast = fill_disk(small_disk)
        refused = 0
        for number in range(100):  # the log may have had some room of its own
            try:
                run_one(store, f"k{number}", payload=b"1" * 4000)
            except StoreUnavailable:
                refused += 1
        assert refused > 50

        ballast.unlink()
        run_one(store, "after")
        assert store.claim("p", "before", "f", 1).kind == "replay"


def test_a_full_disk_lets_nothing_leave_unmarked_and_what_left_is_written_when_there_is_room(small_disk, caplog):
    caplog.set_level(logging.WARNING)
    with closing(sqlite_store(small_disk / "store", claim_policy(window=8))) as store:
        claim = store.claim("p", "k", "f", 1000)
        stops: list[str] = []
        claim.watch(lambda: stops.append("stop"), lambda: stops)
        claim.begin(range(1000))
        fill_disk(small_disk)
        sent = 0
        while not stops:
            assert claim.upto() > sent
            claim.record([Entry(sent, "final", b"1" * 1000)])
            sent += 1
        claim.finish()
        assert not claim.is_kept
        (small_disk / "ballast").unlink()

        again = store.claim("p", "k", "f", 1000)

    assert again.to_send == list(range(sent, 1000))
    assert [entry.state for entry in again.stored.values()] == ["final"] * sent
    assert {"idempotency_record_failed", "idempotency_finish_waits"} <= {record.message for record in caplog.records}
