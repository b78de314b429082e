"""One of the workers keeps the last minutes' numbers, and each shows them."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from gateway.telemetry.metrics.history import History

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Worker:
    def __init__(self, folder: Path) -> None:
        self.time = 1_700_000_000.0
        self.samples: dict[str, list[tuple[dict[str, str], float]]] = {"gateway_workers": [({}, 2.0)]}
        self.history = History(folder, lambda: {"time": self.time, "samples": self.samples})

    def keep(self, *times: float) -> None:
        for self.time in times:
            self.history.keep()

    def kept(self) -> list[dict[str, Any]]:
        return [json.loads(snapshot) for snapshot in self.history.snapshots()]

    def end(self) -> None:
        """As the kernel does at the end of a process."""
        assert self.history._lock is not None
        os.close(self.history._lock)


def test_an_hour_is_kept_oldest_first_and_what_is_older_than_five_minutes_more_coarsely(tmp_path: Path) -> None:
    worker = Worker(tmp_path)

    worker.keep(*range(10_000, 14_005, 5))

    times = [snapshot["time"] for snapshot in worker.kept()]
    assert times == [*range(10_410, 13_700, 30), *range(13_700, 14_005, 5)]
    assert len(list(tmp_path.iterdir())) == len(times) + len(["history.lock"])


def test_numbers_by_partner_are_not_kept(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.samples["gateway_partner_items_total"] = [({"partner": "acme"}, 3.0)]

    worker.keep(1000)

    assert [list(snapshot["samples"]) for snapshot in worker.kept()] == [["gateway_workers"]]


def test_what_is_zero_is_left_out_and_an_age_without_end_is_null(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.samples = {"a": [({"x": "1"}, 0.0), ({"x": "2"}, 3.0)], "b": [({}, 0.0)], "c": [({}, float("inf"))]}

    worker.keep(1000)

    [snapshot] = worker.kept()
    assert snapshot == {"time": 1000, "samples": {"a": [[{"x": "2"}, 3.0]], "c": [[{}, None]]}}


def test_one_worker_keeps_and_the_next_goes_on_when_it_has_ended(tmp_path: Path) -> None:
    first, second = Worker(tmp_path), Worker(tmp_path)
    first.keep(1000)
    second.keep(1001)
    assert [snapshot["time"] for snapshot in second.kept()] == [1000]

    first.end()
    second.keep(1005)

    assert [snapshot["time"] for snapshot in first.kept()] == [1000, 1005]


def test_a_folder_that_is_gone_is_told_once_and_shows_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(tmp_path / "gone")

    worker.keep(1000, 1005)

    assert [record.message for record in caplog.records] == ["status_history_not_kept"]
    assert worker.kept() == []


def test_a_full_disk_leaves_what_was_kept_before(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(tmp_path)
    worker.keep(1000)
    (tmp_path / "history.new").mkdir()

    worker.keep(1005, 1010)
    (tmp_path / "history.new").rmdir()
    worker.keep(1015)

    assert [snapshot["time"] for snapshot in worker.kept()] == [1000, 1015]
    assert [record.message for record in caplog.records] == ["status_history_not_kept"]


def test_a_clock_that_was_set_back_leaves_nothing_of_a_time_to_come(tmp_path: Path) -> None:
    worker = Worker(tmp_path)

    worker.keep(5000, 5005, 1000, 1005)

    assert [snapshot["time"] for snapshot in worker.kept()] == [1000, 1005]


def test_one_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.keep(1000, 1005)
    (tmp_path / "history-000000000900000.json").symlink_to(tmp_path / "removed meanwhile")

    assert [snapshot["time"] for snapshot in worker.kept()] == [1000, 1005]


def test_the_folder_is_listed_once_by_the_worker_that_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = []
    names_of = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: (listed.append(folder), names_of(folder))[1])
    first, second = Worker(tmp_path), Worker(tmp_path)

    first.keep(*range(1000, 1100, 5))
    first.end()
    second.keep(*range(1100, 1400, 5), 6000)

    assert listed == [tmp_path, tmp_path]
    assert [snapshot["time"] for snapshot in second.kept()] == [6000]


def test_a_copy_that_an_operator_made_is_none_of_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "history-copy.json").write_text("{}")
    worker = Worker(tmp_path)

    worker.keep(1000, 6000)

    assert [snapshot["time"] for snapshot in worker.kept()] == [6000]
    assert caplog.records == []


def test_a_disk_that_is_full_in_the_middle_of_one_shows_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(tmp_path)
    worker.keep(1000)
    write = os.write

    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda handle, data: write(handle, data[:10]))
        worker.keep(1005)
    worker.keep(1010)

    assert [snapshot["time"] for snapshot in worker.kept()] == [1000, 1010]
    assert [(record.message, vars(record)["reason"]) for record in caplog.records] == [
        ("status_history_not_kept", "No space left on device")
    ]


def test_what_was_removed_by_hand_is_missed_by_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(tmp_path)
    worker.keep(1000, 1005)
    for snapshot in tmp_path.glob("history-*.json"):
        snapshot.unlink()

    worker.keep(1010, 6000)

    assert [snapshot["time"] for snapshot in worker.kept()] == [6000]
    assert caplog.records == []


def test_a_folder_that_was_removed_and_made_again_has_what_comes_then(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(folder := tmp_path / "metrics")
    folder.mkdir()
    worker.keep(1000)
    shutil.rmtree(folder)
    worker.keep(1005)
    folder.mkdir()

    worker.keep(1010)

    assert [snapshot["time"] for snapshot in worker.kept()] == [1010]
    assert [record.message for record in caplog.records] == ["status_history_not_kept"]


def test_a_folder_that_cannot_be_listed_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert Worker(tmp_path / "file").kept() == []
