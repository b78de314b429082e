"""What a rate limit costs: W1's load on gateways, all but one of which count each partner's items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.beside import Variant, beside
from bench.redis import running_redis

if TYPE_CHECKING:
    from bench.rig import Rig
    from bench.services import Surroundings
    from bench.workloads import Figures

OFF, IN_SQLITE, IN_REDIS = "no rate limit", "a rate limit, counted in SQLite", "a rate limit, counted in Redis"
# Nobody reaches it, so every batch is counted and none refused.
LIMITED = {"GATEWAY_RATE_LIMIT": "1000000000/hour"}


def rates(rig: Rig, into: Surroundings, rounds: int) -> dict[str, list[Figures]]:
    """``cpu_us`` of the gateway and ``ratio`` to the one without a limit, for each round.

    Redis is measured where it is installed; its own CPU does not count.
    """
    variants = {OFF: Variant(), IN_SQLITE: Variant(LIMITED)}
    with running_redis(rig, into) as redis:
        if redis:
            variants[IN_REDIS] = Variant({**LIMITED, "GATEWAY_REDIS_URL": redis.url})
        return beside(rig, into, rounds, variants)
