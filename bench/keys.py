"""What an idempotency key costs: W1's load on gateways, all but one of which get a new key with each batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.beside import Variant, beside
from bench.redis import running_redis

if TYPE_CHECKING:
    from bench.rig import Rig
    from bench.services import Surroundings
    from bench.workloads import Figures

WITHOUT, IN_SQLITE, IN_REDIS = "without a key", "a new key each batch, kept in SQLite", "a new key each batch, in Redis"


def keys(rig: Rig, into: Surroundings, rounds: int) -> dict[str, list[Figures]]:
    """``cpu_us`` of the gateway and ``ratio`` to the one without keys, for each round.

    Redis is measured where it is installed; its own CPU does not count.
    """
    variants = {WITHOUT: Variant(), IN_SQLITE: Variant(is_keyed=True)}
    with running_redis(rig, into) as redis:
        if redis:
            variants[IN_REDIS] = Variant({"GATEWAY_REDIS_URL": redis.url}, is_keyed=True)
        return beside(rig, into, rounds, variants)
