"""How the gateway grows: with the size of a batch, with workers, and how much memory large batches take."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.clients import send
from bench.items import body, item
from bench.rig import Processors
from bench.services import running
from bench.turns import take_long_turns

if TYPE_CHECKING:
    from bench.rig import Rig
    from bench.services import Running, Surroundings
    from bench.workloads import Figures

SIZES = (10, 100, 1000, 10_000)
WORKERS = (1, 2)
_ITEMS = 40_000
_FIRST = 10_000_000
Samples = dict[str, list["Figures"]]


def sizes(rig: Rig, into: Surroundings, rounds: int) -> Samples:
    """CPU per item for each size of batch, with as many clients as keep 64 calls in flight."""
    rig.core.delay(0)
    samples: Samples = {str(size): [] for size in SIZES}
    with running(
        into.gateway, into, max_batch_items="10000", max_body_bytes="16777216", batch_deadline="60"
    ) as gateway:
        for _ in range(rounds):
            for size in SIZES:
                rig.settle(gateway)
                batch, clients = body(map(item, range(_FIRST, _FIRST + size))), max(2, 64 // size)
                turns = _ITEMS // size // clients
                cpu = gateway.process.cpu()
                send([gateway.url], rig.token, batch, clients=clients, turns=turns)
                sent = turns * clients * size
                samples[str(size)].append({"cpu_us": (gateway.process.cpu() - cpu) / sent * 1e6})
    return samples


def workers(rig: Rig, into: Surroundings, rounds: int) -> Samples:
    """Items per second with one worker and with two.

    Where two workers, the core and the load cannot each have a processor, ``measured`` is 0, the two workers share one,
    and ``items_s`` is what the CPU per item and the share of the busier worker would allow on processors of their own.
    """
    rig.core.delay(0)
    processors = Processors.split(max(WORKERS))
    is_measured = len(processors.service) == max(WORKERS)
    samples: Samples = {str(count): [] for count in WORKERS}
    with ExitStack() as stack:
        gateways = {}
        for count in WORKERS:
            own = replace(into, cores=processors.service[:count])
            gateways[count] = stack.enter_context(running(into.gateway, own, workers=str(count)))
            take_long_turns(gateways[count].process)
        for _ in range(rounds):
            for count, gateway in gateways.items():
                samples[str(count)].append(_throughput(replace(rig, processors=processors), gateway, is_measured))
    return samples


def _throughput(rig: Rig, gateway: Running, is_measured: bool) -> Figures:
    measured = rig.measure(gateway, rig.folder / "hundred", connections=32, seconds=2 if rig.quick else 3)
    busiest = max(measured.workers.values()) / sum(measured.workers.values())
    rate = measured.calls / measured.seen.seconds if is_measured else 1e6 / measured.per_call() / busiest
    return {"cpu_us": measured.per_call(), "busiest": busiest, "items_s": rate, "measured": int(is_measured)}


def memory(rig: Rig, into: Surroundings, seconds: int) -> Figures:
    """Resident memory of a worker in MB while 8 clients each have a 1,000-item batch in flight, core at 20 ms."""
    rig.core.delay(20)
    with running(into.gateway, into) as gateway:
        idle = _resident(gateway)
        load = rig.load(gateway.url, rig.folder / "thousand", connections=8, seconds=seconds)
        seen = []
        end = time.monotonic() + seconds - 0.5
        while time.monotonic() < end:
            time.sleep(0.25)
            seen.append(_resident(gateway))
        load.seen()
    half = len(seen) // 2
    return {"idle": idle, "peak": max(seen), "growth": max(seen[half:]) - max(seen[:half]), "seconds": seconds}


def _resident(gateway: Running) -> float:
    return max(usage.resident for usage in gateway.process.worker_usages()) / 1e6
