"""What telemetry costs: W1's load on gateways that differ in nothing but what looks on.

What is sought is less than what other work on the machine makes of it from one second to the next. So the gateways
share a processor and are loaded side by side: whatever disturbs one disturbs all, and the ratios hold.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.clients import send
from bench.items import body, item
from bench.services import GATEWAY, Surroundings, running
from bench.workloads import warm_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.rig import Rig
    from bench.services import Running
    from bench.workloads import Figures

_CLIENTS, _TURNS, _QUICK_TURNS = 8, 60, 10
_ITEMS, _FIRST = 100, 10_000_000
OFF, ON, EVERY = "all off", "logs, metrics, traces of 1 request in 10", "logs, metrics, traces of every request"
_LOGS_AND_METRICS = {
    "GATEWAY_LOG_LEVEL": "info",
    "GATEWAY_LOG_FORMAT": "json",
    "GATEWAY_METRICS": "path",
    "GATEWAY_STATUS_PAGE": "true",
}
_TRACES = {**_LOGS_AND_METRICS, "GATEWAY_TRACES": "true"}
VARIANTS: Mapping[str, Mapping[str, str]] = {
    OFF: {"GATEWAY_LOG_LEVEL": "error", "GATEWAY_METRICS": "off"},
    "logs, metrics": _LOGS_AND_METRICS,
    ON: _TRACES,
    EVERY: {**_TRACES, "OTEL_TRACES_SAMPLER": "parentbased_always_on"},
}
"""What each gateway's environment has beside the one that all share, the cheapest first."""


def telemetry(rig: Rig, into: Surroundings, rounds: int) -> dict[str, list[Figures]]:
    """``cpu_us`` and ``ratio`` to the gateway with everything off, for each variant and round.

    Raises RuntimeError where traces were made and never exported.
    """
    samples = beside(rig, into, rounds, VARIANTS)
    if not rig.core.exports():
        raise RuntimeError("no traces were exported")
    return samples


def beside(
    rig: Rig, into: Surroundings, rounds: int, variants: Mapping[str, Mapping[str, str]]
) -> dict[str, list[Figures]]:
    """``cpu_us`` and ``ratio`` to the first gateway, for each variant and round. Each has its own folder."""
    rig.core.delay(0)
    samples: dict[str, list[Figures]] = {name: [] for name in variants}
    with ExitStack() as stack:
        gateways = {
            name: stack.enter_context(running(GATEWAY, replace(into, more=_apart(into, number, variables))))
            for number, (name, variables) in enumerate(variants.items())
        }
        for gateway in gateways.values():
            warm_up(rig, gateway)
        for _ in range(rounds):
            for name, figures in compared(_costs(rig, gateways)).items():
                samples[name].append(figures)
    return samples


def _apart(into: Surroundings, number: int, variables: Mapping[str, str]) -> dict[str, str]:
    return {"GATEWAY_STATE_DIR": str(into.folder / f"beside-{number}"), **variables}


def compared(costs: Mapping[str, float]) -> dict[str, Figures]:
    """The costs of one round beside those of the first gateway."""
    first = next(iter(costs.values()))
    return {name: {"cpu_us": cost, "ratio": cost / first} for name, cost in costs.items()}


def _costs(rig: Rig, gateways: Mapping[str, Running]) -> dict[str, float]:
    """CPU microseconds an item of each gateway, all of them loaded at once."""
    before = {name: gateway.process.cpu() for name, gateway in gateways.items()}
    turns = _QUICK_TURNS if rig.quick else _TURNS
    batch = body(map(item, range(_FIRST, _FIRST + _ITEMS)))
    send([gateway.url for gateway in gateways.values()], rig.token, batch, clients=_CLIENTS, turns=turns)
    sent = _CLIENTS * turns * _ITEMS
    return {name: (gateway.process.cpu() - before[name]) / sent * 1e6 for name, gateway in gateways.items()}
