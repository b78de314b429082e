"""W1's load on two gateways side by side, which are asked in different ways."""

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
    from collections.abc import Callable, Collection

    from bench.rig import Rig
    from bench.services import Surroundings
    from bench.workloads import Figures

    Way = Callable[[str], dict[str, Collection[str]]]

_CLIENTS, _TURNS, _QUICK_TURNS = 8, 60, 10
_ITEMS, _FIRST = 100, 10_000_000


def pair(rig: Rig, into: Surroundings, rounds: int, names: tuple[str, str], way: Way) -> dict[str, list[Figures]]:
    """``cpu_us`` of each gateway and ``ratio`` to the first, for each round.

    ``way`` gives what ``send`` is told of the second one's URL.
    """
    rig.core.delay(0)
    samples: dict[str, list[Figures]] = {name: [] for name in names}
    with ExitStack() as stack:
        gateways = [stack.enter_context(running(GATEWAY, _apart(into, name))) for name in names]
        for gateway in gateways:
            warm_up(rig, gateway)
        urls = [gateway.url for gateway in gateways]
        turns = _QUICK_TURNS if rig.quick else _TURNS
        batch = body(map(item, range(_FIRST, _FIRST + _ITEMS)))
        for _ in range(rounds):
            before = [gateway.process.cpu() for gateway in gateways]
            send(urls, rig.token, batch, clients=_CLIENTS, turns=turns, **way(urls[1]))
            used = [gateway.process.cpu() - cpu for gateway, cpu in zip(gateways, before, strict=True)]
            for name, seconds in zip(names, used, strict=True):
                cost = seconds / (_CLIENTS * turns * _ITEMS) * 1e6
                samples[name].append({"cpu_us": cost, "ratio": seconds / used[0]})
    return samples


def _apart(into: Surroundings, name: str) -> Surroundings:
    """Each gateway keeps its records in a folder of its own."""
    folder = Path(into.folder) / name.replace(" ", "-")
    return replace(into, more={**into.more, "GATEWAY_STATE_DIR": str(folder)})
