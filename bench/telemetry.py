"""What telemetry costs: W1's load on gateways that differ in nothing but what looks on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.beside import Variant, beside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.rig import Rig
    from bench.services import Surroundings
    from bench.workloads import Figures

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
    samples = beside(rig, into, rounds, {name: Variant(variables) for name, variables in VARIANTS.items()})
    if not rig.core.exports():
        raise RuntimeError("no traces were exported")
    return samples
