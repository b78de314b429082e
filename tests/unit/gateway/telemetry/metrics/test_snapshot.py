from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.telemetry.metrics.snapshot import Snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Shown = set[tuple[str, tuple[tuple[str, str], ...], float]]


class Place:
    """One worker's metrics, in the files of its place."""

    def __init__(self, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(values, "ValueClass", values.MultiProcessValue(lambda: number))  # type: ignore[no-untyped-call]  # the library leaves it untyped
        registry = CollectorRegistry()
        self.sent = Counter("sent", "Sent.", ["route", "status"], registry=registry)
        self.waiting = Gauge("waiting", "Waiting.", registry=registry, multiprocess_mode="livesum")
        self.age = Gauge("age", "Age.", registry=registry, multiprocess_mode="livemax")
        self.seconds = Histogram("seconds", "Seconds.", ["route"], buckets=(0.1, 1.0, 10.0), registry=registry)
        self.items = Histogram("items", "Items.", buckets=(1.0, 5.0), registry=registry)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return tmp_path


def by_the_library(folder: Path) -> Shown:
    """Without zeros, which a snapshot has not."""
    collector = MultiProcessCollector(CollectorRegistry(), path=str(folder))  # type: ignore[no-untyped-call]  # the library leaves it untyped
    samples = [sample for family in collector.collect() for sample in family.samples]  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return {(one.name, tuple(sorted(one.labels.items())), one.value) for one in samples if one.value}


def shown(snapshots: Snapshots) -> Shown:
    found = snapshots.samples()
    return {(name, tuple(sorted(labels.items())), one) for name, ones in found.items() for labels, one in ones}


def test_a_snapshot_is_what_the_library_adds_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Place(0, monkeypatch), Place(1, monkeypatch)
    snapshots = Snapshots(folder)
    for place in (first, second):
        place.sent.labels("/a", "200").inc(3)
        place.waiting.set(2)
        place.seconds.labels("/a").observe(0.5)
    first.age.set(7)
    second.age.set(math.inf)
    second.items.observe(3)

    assert shown(snapshots) == by_the_library(folder)
    assert snapshots.samples()["sent_total"] == [({"route": "/a", "status": "200"}, 6.0)]
    assert snapshots.samples()["waiting"] == [({}, 4.0)]
    assert snapshots.samples()["age"] == [({}, math.inf)]
    assert snapshots.samples()["seconds_bucket"] == [
        ({"route": "/a", "le": "1.0"}, 2.0),
        ({"route": "/a", "le": "10.0"}, 2.0),
        ({"route": "/a", "le": "+Inf"}, 2.0),
    ]


def test_series_and_workers_that_come_later_are_in_the_next_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Place(0, monkeypatch)
    snapshots = Snapshots(folder)
    first.sent.labels("/a", "200").inc()
    first.seconds.labels("/a").observe(0.05)
    assert shown(snapshots) == by_the_library(folder)

    (folder / "counter_1.db").write_bytes(bytes(1 << 16))
    assert shown(snapshots) == by_the_library(folder)
    first.sent.labels("/b", "500").inc(2)
    first.seconds.labels("/b").observe(50)
    second = Place(1, monkeypatch)
    second.sent.labels("/b", "500").inc()

    assert shown(snapshots) == by_the_library(folder)


def test_a_file_that_was_made_anew_is_read_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Place(0, monkeypatch).waiting.set(2)
    snapshots = Snapshots(folder)
    assert snapshots.samples()["waiting"] == [({}, 2.0)]

    (folder / "gauge_livesum_0.db").unlink()
    assert "waiting" not in snapshots.samples()
    Place(0, monkeypatch).waiting.set(5)

    assert snapshots.samples()["waiting"] == [({}, 5.0)]
