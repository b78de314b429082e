"""What an idempotency key costs: W1's load on two gateways side by side, one of which gets a new key with each batch."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.clients import send
from bench.items import body, item
from bench.services import GATEWAY, running
from bench.workloads import warm_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.rig import Rig
    from bench.services import Running, Surroundings
    from bench.workloads import Figures

_CLIENTS, _TURNS, _QUICK_TURNS = 8, 60, 10
_ITEMS, _FIRST = 100, 10_000_000
WITHOUT, WITH = "without a key", "with a new key each batch"


def keys(rig: Rig, into: Surroundings, rounds: int) -> dict[str, list[Figures]]:
    """``cpu_us`` of the gateway and ``ratio`` to the one without keys, for each round."""
    rig.core.delay(0)
    samples: dict[str, list[Figures]] = {WITHOUT: [], WITH: []}
    with ExitStack() as stack:
        gateways = {name: stack.enter_context(running(GATEWAY, _apart(into, name))) for name in samples}
        for gateway in gateways.values():
            warm_up(rig, gateway)
        for _ in range(rounds):
            costs = _costs(rig, gateways)
            for name, cost in costs.items():
                samples[name].append({"cpu_us": cost, "ratio": cost / costs[WITHOUT]})
    return samples


def _apart(into: Surroundings, name: str) -> Surroundings:
    """Each gateway keeps its records in a folder of its own."""
    folder = Path(into.folder) / name.replace(" ", "-")
    return replace(into, more={**into.more, "GATEWAY_STATE_DIR": str(folder)})


def _costs(rig: Rig, gateways: Mapping[str, Running]) -> dict[str, float]:
    """CPU microseconds an item of each gateway, both of them loaded at once."""
    before = {name: gateway.process.cpu() for name, gateway in gateways.items()}
    turns = _QUICK_TURNS if rig.quick else _TURNS
    batch = body(map(item, range(_FIRST, _FIRST + _ITEMS)))
    urls = [gateway.url for gateway in gateways.values()]
    send(urls, rig.token, batch, clients=_CLIENTS, turns=turns, keyed={gateways[WITH].url})
    sent = _CLIENTS * turns * _ITEMS
    return {name: (gateway.process.cpu() - before[name]) / sent * 1e6 for name, gateway in gateways.items()}
