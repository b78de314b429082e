"""What a stream costs: W1's load on two gateways, one of which is asked for lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.beside import Variant, beside

if TYPE_CHECKING:
    from bench.rig import Rig
    from bench.services import Surroundings
    from bench.workloads import Figures

PLAIN, STREAM = "plain answer", "stream"


def streams(rig: Rig, into: Surroundings, rounds: int) -> dict[str, list[Figures]]:
    """``cpu_us`` of the gateway and ``ratio`` to the one that answers at once, for each round."""
    return beside(rig, into, rounds, {PLAIN: Variant(), STREAM: Variant(is_streamed=True)})
