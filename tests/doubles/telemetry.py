"""Details as the tests need them, and a hook that keeps what it hears."""

from __future__ import annotations

from typing import Any

from gateway.telemetry.details import BatchDetails, RequestDetails
from gateway.telemetry.events import APPLIED, FailedItem
from legacy_client.health.snapshot import GateSnapshot


class Recording:
    """Keeps every event, in order."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def request_ended(self, request: RequestDetails) -> None:
        self.heard.append(request)

    def batch_ended(self, batch: BatchDetails) -> None:
        self.heard.append(batch)


class Broken:
    """A hook that always fails."""

    def request_ended(self, request: RequestDetails) -> None:
        raise RuntimeError("broken")

    def batch_ended(self, batch: BatchDetails) -> None:
        raise RuntimeError("broken")


def a_snapshot(**changes: Any) -> GateSnapshot:
    facts: dict[str, Any] = {
        "circuit": "closed",
        "limit": 64,
        "in_flight": 0,
        "attempts": {},
        "refused": 0,
        "retries": 0,
    }
    return GateSnapshot(**{"duration_counts": (0,) * 14, "duration_sum": 0.0, **facts, **changes})


def a_request(**changes: Any) -> RequestDetails:
    facts: dict[str, Any] = {
        "method": "PATCH",
        "route": "/openapi/api/v1/actions",
        "status": 200,
        "seconds": 0.03,
        "request_id": "01JREQ",
    }
    return RequestDetails(**facts | changes)


def a_batch(**changes: Any) -> BatchDetails:
    facts: dict[str, Any] = {"kind": "sync", "items": 3, "seconds": 0.02, "status": 200, "counts": {APPLIED: 3}}
    return BatchDetails(**facts | changes)


def a_mixed_batch(**changes: Any) -> BatchDetails:
    failed = FailedItem(index=1, item_id="19354", code="not_found", outcome="not_applied")
    counts = {APPLIED: 2, ("not_applied", "not_found"): 1}
    return a_batch(status=207, counts=counts, failed=[failed], **changes)
