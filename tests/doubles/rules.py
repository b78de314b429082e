"""Rules as a test needs them: what it does not name has a usual value. Production takes every value from the settings."""

from __future__ import annotations

from functools import cache
from ssl import SSLContext, create_default_context
from typing import TYPE_CHECKING, Any

from gateway.admission.idempotency.policy import ClaimPolicy
from gateway.admission.idempotency.sqlite_store import SqliteIdempotencyStore
from gateway.auth.keycloak.claims import ClaimRules
from gateway.auth.keycloak.client import Server
from gateway.auth.keycloak.key_store import KeyLife

if TYPE_CHECKING:
    from pathlib import Path


def claim_policy(**rules: Any) -> ClaimPolicy:
    """Records of a day; a core that does not honour keys."""
    return ClaimPolicy(**{"ttl_seconds": 86_400.0, "window": 64, "repeats_unknown": False, **rules})


def sqlite_store(path: Path, policy: ClaimPolicy | None = None, **more: Any) -> SqliteIdempotencyStore:
    """A store of 16 MiB at most."""
    return SqliteIdempotencyStore(path, policy or claim_policy(), **{"max_bytes": 16_777_216, **more})


def claim_rules(**rules: Any) -> ClaimRules:
    """Access tokens of at most a day, with half a minute of leeway."""
    usual = {"leeway": 30.0, "max_lifetime": 86_400.0, "type": "Bearer", "authorized_parties": frozenset()}
    return ClaimRules(**usual | rules)


def key_life(**seconds: float) -> KeyLife:
    """Keys that are refreshed after five minutes and dropped after a day."""
    return KeyLife(**{"ttl": 300.0, "max_stale": 86_400.0, "cooldown": 10.0, **seconds})


@cache
def _trusting() -> SSLContext:
    return create_default_context()


def keycloak_server(url: str, **more: Any) -> Server:
    """A server that has two seconds to answer."""
    return Server(url=url, **{"timeout": 2.0, "contexts": _trusting, "proxy": "", **more})
