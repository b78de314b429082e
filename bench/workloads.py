"""W1 to W5 and the floor: each takes the rig and a service, and gives the figures of one sample.

A figure under ``latency`` is a histogram, pooled over the rounds; any other is a number, of which the median counts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.items import write_batches, write_core_calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.load import Seen
    from bench.rig import Rig
    from bench.services import Running

Figures = dict[str, Any]
CORE_LATENCY = 20
_SIZES = {"one": 1, "hundred": 100, "thousand": 1000}


class Workload(NamedTuple):
    """A workload by its name: the latency of the core in ms, and what one sample does with a service."""

    name: str
    what: str
    core_latency: int
    sample: Callable[[Rig, Running], Figures]


def write_requests(rig: Rig) -> None:
    """The request files of all workloads."""
    for name, size in _SIZES.items():
        write_batches(rig.folder / name, size)
    write_batches(rig.folder / "broken", 1000, broken=True)
    write_core_calls(rig.folder / "calls")


def floor(rig: Rig, core_latency: int) -> Figures:
    """The generator straight at the core: what a call costs wrk itself, and how long it takes from one client."""
    rig.core.delay(core_latency)
    requests, seconds = rig.folder / "calls", 1 if rig.quick else 2
    wide = rig.load(rig.core.url, requests, connections=32, seconds=seconds).seen()
    alone = rig.load(rig.core.url, requests, connections=1, seconds=1).seen()
    return {"cpu_us": wide.cpu / wide.requests * 1e6, "wide_latency": wide.latency, "latency": alone.latency}


def warm_up(rig: Rig, running: Running) -> None:
    """Let compilers compile, pools fill and keys be fetched."""
    rig.core.delay(0)
    rig.load(running.url, rig.folder / "hundred", connections=8, seconds=1 if rig.quick else 3).seen()


def _batches(rig: Rig, running: Running) -> Figures:
    measured = rig.measure(running, rig.folder / "hundred", connections=8, seconds=3)
    seen = _accepted(measured.seen)
    return {
        "cpu_us": measured.per_call(),
        "items_s": measured.calls / seen.seconds,
        "busy": measured.cpu / seen.seconds,
        "load_busy": seen.cpu / seen.seconds,
        "latency": seen.latency,
    }


def _one_batch(rig: Rig, running: Running) -> Figures:
    return {"latency": _accepted(_timed(rig, running, "hundred", 1 if rig.quick else 3)).latency}


def _one_item(rig: Rig, running: Running) -> Figures:
    measured = rig.measure(running, rig.folder / "one", connections=1, seconds=1 if rig.quick else 2)
    return {"cpu_us": measured.per_call(), "latency": _accepted(measured.seen).latency}


def _invalid(rig: Rig, running: Running) -> Figures:
    measured = rig.measure(running, rig.folder / "broken", connections=2, seconds=1 if rig.quick else 2)
    seen = measured.seen
    if seen.refused != seen.requests or measured.calls:
        raise RuntimeError("an invalid batch was not refused whole")
    return {"batches_s": seen.per_second, "cpu_us": measured.cpu / seen.requests * 1e3}


def _small_beside_large(rig: Rig, running: Running) -> Figures:
    seconds = 1 if rig.quick else 3
    idle = _accepted(_timed(rig, running, "one", 1 if rig.quick else 2))
    large = rig.load(running.url, rig.folder / "thousand", connections=1, seconds=seconds + 30)
    try:
        time.sleep(0.5)
        beside = _accepted(_timed(rig, running, "one", seconds))
    finally:
        large.stop()
    return {"idle_latency": idle.latency, "latency": beside.latency}


def _timed(rig: Rig, running: Running, requests: str, seconds: int) -> Seen:
    return rig.load(running.url, rig.folder / requests, connections=1, seconds=seconds).seen()


def _accepted(seen: Seen) -> Seen:
    if seen.refused:
        raise RuntimeError(f"{seen.refused} of {seen.requests} valid batches were refused")
    return seen


WORKLOADS = (
    Workload("W1", "8 clients, 100 items, core at 0 ms", 0, _batches),
    Workload("W2", "one client, 100 items, core at 20 ms", CORE_LATENCY, _one_batch),
    Workload("W3", "one client, one item, core at 0 ms", 0, _one_item),
    Workload("W4", "2 clients, 1,000 broken items", 0, _invalid),
    Workload("W5", "one item, alone and beside 1,000-item batches, core at 20 ms", CORE_LATENCY, _small_beside_large),
)
