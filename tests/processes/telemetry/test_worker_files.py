"""Several processes, one set of numbers. Each process is a real one: prometheus-client decides by process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from gateway.telemetry.metrics import worker_files as shared
from gateway.telemetry.metrics.registry import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WORKER = """
import os, sys
from gateway.telemetry.metrics import worker_files as shared
from gateway.telemetry.metrics.registry import Metrics
from tests.doubles.telemetry import a_batch

metrics = Metrics(shared.join(os.environ))
metrics.batch_ended(a_batch())
metrics.fold()
metrics.gauge("gateway_workers").set(1)
print("ready", flush=True)
sys.stdin.readline()
"""


class Worker:
    """A process that counts one batch of three items, says so, and lives until told or killed."""

    def __init__(self, folder: Path) -> None:
        environ = os.environ | {shared.VARIABLE: str(folder)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate(timeout=10)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[[], Worker]]:
    """Starts a worker in the folder; whatever becomes of the test, it ends."""
    with ExitStack() as running:

        def start() -> Worker:
            worker = Worker(folder)
            running.callback(worker.kill)
            return worker

        yield start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shared.make_folder(tmp_path)


def _shown(folder: Path, name: str) -> float:
    return sum(sample.value for family in Metrics(folder).collect() for sample in family.samples if sample.name == name)


def test_any_process_shows_the_sum_of_all(folder: Path, start: Callable[[], Worker]) -> None:
    start()
    start()

    assert _shown(folder, "gateway_items_total") == 6
    assert _shown(folder, "gateway_workers") == 2


def test_recycled_workers_neither_lose_a_count_nor_add_files(folder: Path, start: Callable[[], Worker]) -> None:
    start().kill()
    files = sorted(path.name for path in folder.iterdir())

    for _ in range(4):
        start().kill()

    assert _shown(folder, "gateway_items_total") == 15
    assert sorted(path.name for path in folder.iterdir()) == files


def test_the_gauges_of_a_dead_worker_are_forgotten_and_its_counts_are_not(
    folder: Path, start: Callable[[], Worker]
) -> None:
    start()
    start().kill()

    shared.forget_dead(folder)

    assert _shown(folder, "gateway_workers") == 1
    assert _shown(folder, "gateway_items_total") == 6


def test_room_for_all_numbers_is_taken_at_the_start(folder: Path, start: Callable[[], Worker]) -> None:
    start()

    files = [path.stat() for path in folder.glob("*.db")]
    assert len(files) == 4
    assert all(file.st_blocks * 512 >= file.st_size == 1 << 20 for file in files)


def test_on_a_full_disk_a_worker_keeps_its_numbers_to_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)

    assert shared.join({shared.VARIABLE: str(folder)}) is None
    assert caplog.messages == ["metrics_not_shared"]


def test_a_folder_that_is_gone_stops_no_worker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert shared.join({shared.VARIABLE: str(tmp_path / "gone")}) is None
    assert caplog.messages == ["metrics_not_shared"]


def test_outside_a_server_there_is_nothing_to_join() -> None:
    assert shared.join({}) is None


def test_a_server_starts_with_an_empty_folder_and_removes_those_of_dead_servers(tmp_path: Path) -> None:
    left = tmp_path / "metrics-left"
    left.mkdir()
    (left / "counter_0.db").touch()
    (left / "owner.lock").touch()
    made_just_now = tmp_path / "metrics-made-just-now"
    made_just_now.mkdir()
    living = shared.make_folder(tmp_path / "state")

    fresh = shared.make_folder(tmp_path)
    another = shared.make_folder(tmp_path / "state")

    assert not left.exists()
    assert sorted(path.name for path in fresh.iterdir()) == ["owner.lock"]
    assert made_just_now.exists()
    assert living.exists()
    assert living != another
