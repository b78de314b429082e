from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from legacy_client.health.circuit import CircuitState

DURATION_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds of the buckets in which attempts are counted; one more bucket takes the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSnapshot:
    """Counters grow as long as the process lives.

    ``attempts`` counts by result: ``2xx`` to ``5xx``, ``busy``, or an error's name. ``refused`` counts calls that the
    circuit held back. ``last_failure`` is the result of a call that speaks against the core, and its reason.
    """

    circuit: CircuitState
    limit: int
    in_flight: int
    attempts: Mapping[str, int]
    duration_counts: tuple[int, ...]
    duration_sum: float
    refused: int
    retries: int
    last_failure: tuple[str, str] = ("", "")
