"""The audit trail, and where it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.audit.rotating_file import RotatingFile
from gateway.audit.sqlite_sink import SqliteSink
from gateway.audit.standard_output import StandardOutput
from gateway.audit.trail import Trail
from gateway.wiring.stores import redis_url_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.audit.sink import Sink
    from gateway.settings import Settings

_FILE_NAME = "audit.jsonl"
_STORE_NAME = "audit.sqlite"


def audit_sink(settings: Settings) -> Sink:
    """Opens nothing before its first use."""
    audit, stores = settings.audit, settings.stores
    max_bytes, days = audit.audit_max_bytes, audit.audit_days
    if audit.audit_to == "stdout":
        return StandardOutput()
    path = audit_path(settings)
    if path is None:
        # A worker without Redis need not load its client.
        from gateway.audit.redis_sink import RedisSink

        return RedisSink(stores.redis_url, max_bytes=max_bytes, days=days, url_now=redis_url_now(stores))
    kind = RotatingFile if audit.audit_to == "file" else SqliteSink
    return kind(path, max_bytes=max_bytes, days=days)


def audit_path(settings: Settings) -> Path | None:
    """The file, or that of the embedded store; None where it is kept elsewhere."""
    audit, stores = settings.audit, settings.stores
    if audit.audit_to == "file":
        return Path(audit.audit_file) if audit.audit_file else stores.state_dir / _FILE_NAME
    if audit.audit_to == "store" and not stores.redis_url:
        return stores.state_dir / _STORE_NAME
    return None


def audit_trail(settings: Settings, aside: Callable[[Callable[[], None]], None]) -> Trail | None:
    """None where it is off. ``aside`` runs what may wait for a disk."""
    if settings.audit.audit == "off":
        return None
    is_of_redis = settings.audit.audit_to == "store" and bool(settings.stores.redis_url)
    return Trail(
        audit_sink(settings),
        with_applied=settings.audit.audit == "all",
        # Sockets give way to the loop by themselves.
        aside=_here if is_of_redis else aside,
    )


def readable_audit(settings: Settings) -> Sink | None:
    """None where there is nothing that can be read."""
    if settings.audit.audit == "off" or settings.audit.audit_to == "stdout":
        return None
    return audit_sink(settings)


def _here(work: Callable[[], None]) -> None:
    work()
