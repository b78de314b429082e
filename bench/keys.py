"""What an idempotency key costs: W1's load on two gateways, one of which gets a new key with each batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.pairs import pair

if TYPE_CHECKING:
    from bench.rig import Rig
    from bench.services import Surroundings
    from bench.workloads import Figures

WITHOUT, WITH = "without a key", "with a new key each batch"


def keys(rig: Rig, into: Surroundings, rounds: int) -> dict[str, list[Figures]]:
    """``cpu_us`` of the gateway and ``ratio`` to the one without keys, for each round."""
    return pair(rig, into, rounds, (WITHOUT, WITH), lambda url: {"keyed": {url}})
