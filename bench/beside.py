"""W1's load on two gateways at once, which differ in their settings or in how they are asked.

What is sought is less than what other work on the machine makes of it from one second to the next. So the two share a processor and
are loaded side by side: whatever disturbs one disturbs both, and the ratio holds.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

from bench.clients import send
from bench.items import body, item
from bench.services import running
from bench.turns import take_long_turns
from bench.workloads import warm_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.rig import Rig
    from bench.services import Running, Surroundings
    from bench.workloads import Figures

_CLIENTS, _TURNS, _QUICK_TURNS = 8, 30, 10
# A process keeps a cost of its own for life: of four with the same settings one was dearer by 1 % or cheaper. So each
# round starts new ones several times, and in another order.
_STARTS, _QUICK_STARTS = 2, 1
_ITEMS, _FIRST = 100, 10_000_000
_NOTHING: Mapping[str, str] = {}


class Variant(NamedTuple):
    """``variables`` are what its environment has beside the one that all share.

    ``is_keyed``: each batch has a new idempotency key. ``is_streamed``: answers are asked for line by line.
    """

    variables: Mapping[str, str] = _NOTHING
    is_keyed: bool = False
    is_streamed: bool = False


def beside(rig: Rig, into: Surroundings, rounds: int, variants: Mapping[str, Variant]) -> dict[str, list[Figures]]:
    """``cpu_us`` and ``ratio`` to the first variant, for each variant and round. Each has its own folder."""
    rig.core.delay(0)
    first, *others = variants
    samples: dict[str, list[Figures]] = {name: [] for name in variants}
    starts = _QUICK_STARTS if rig.quick else _STARTS
    for round_ in range(rounds):
        costs_of_first = []
        for name in others:
            # Not all at once: what each does once a second, it does for as many times fewer items as share the processor.
            costs = {first: 0.0, name: 0.0}
            for start in range(starts):
                order = [first, name] if (round_ + start) % 2 == 0 else [name, first]
                for each, cost in _started(rig, into, variants, order).items():
                    costs[each] += cost / starts
            samples[name].append(compared(costs)[name])
            costs_of_first.append(costs[first])
        samples[first].append({"cpu_us": mean(costs_of_first), "ratio": 1.0})
    return samples


def _started(rig: Rig, into: Surroundings, variants: Mapping[str, Variant], order: list[str]) -> dict[str, float]:
    """CPU microseconds an item of gateways that are started in this order and warmed up."""
    with ExitStack() as stack:
        gateways = {
            name: stack.enter_context(running(into.gateway, _apart(into, name, variants[name]))) for name in order
        }
        for gateway in gateways.values():
            take_long_turns(gateway.process)
            warm_up(rig, gateway)
        return _costs(rig, gateways, variants)


def compared(costs: Mapping[str, float]) -> dict[str, Figures]:
    """The costs of one round beside those of the first gateway."""
    first = next(iter(costs.values()))
    return {name: {"cpu_us": cost, "ratio": cost / first} for name, cost in costs.items()}


def _apart(into: Surroundings, name: str, variant: Variant) -> Surroundings:
    folder = "".join(letter if letter.isalnum() else "-" for letter in name)
    return replace(into, more={**into.more, "GATEWAY_STATE_DIR": str(into.folder / folder), **variant.variables})


def _costs(rig: Rig, gateways: Mapping[str, Running], variants: Mapping[str, Variant]) -> dict[str, float]:
    """CPU microseconds an item of each gateway, all of them loaded at once."""
    before = {name: gateway.process.cpu() for name, gateway in gateways.items()}
    turns = _QUICK_TURNS if rig.quick else _TURNS
    batch = body(map(item, range(_FIRST, _FIRST + _ITEMS)))
    urls = {name: gateway.url for name, gateway in gateways.items()}
    send(
        list(urls.values()),
        rig.token,
        batch,
        clients=_CLIENTS,
        turns=turns,
        keyed={url for name, url in urls.items() if variants[name].is_keyed},
        streamed={url for name, url in urls.items() if variants[name].is_streamed},
    )
    sent = _CLIENTS * turns * _ITEMS
    return {name: (gateway.process.cpu() - before[name]) / sent * 1e6 for name, gateway in gateways.items()}
