"""What an audit trail costs: W1's load on gateways that keep none, one of failures, and one of every item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.beside import Variant, beside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.rig import Rig
    from bench.services import Surroundings
    from bench.workloads import Figures

NONE, FAILURES, ALL, STORE = "no trail", "failures, to a file", "every item, to a file", "every item, to SQLite"
VARIANTS: Mapping[str, Mapping[str, str]] = {
    NONE: {"GATEWAY_AUDIT": "off"},
    FAILURES: {"GATEWAY_AUDIT": "failures"},
    ALL: {"GATEWAY_AUDIT": "all"},
    STORE: {"GATEWAY_AUDIT": "all", "GATEWAY_AUDIT_TO": "store"},
}
"""What each gateway's environment has beside the one that all share."""


def audit(rig: Rig, into: Surroundings, rounds: int) -> dict[str, list[Figures]]:
    """``cpu_us`` and ``ratio`` to the gateway without a trail, for each variant and round."""
    return beside(rig, into, rounds, {name: Variant(variables) for name, variables in VARIANTS.items()})
