"""The port that hears of requests and batches."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.telemetry.details import BatchDetails, RequestDetails

_log = logging.getLogger(__name__)
DetailsT = TypeVar("DetailsT")


class Telemetry(Protocol):
    """Called once per request and once per batch, never per item. Must not raise."""

    def request_ended(self, request: RequestDetails) -> None: ...

    def batch_ended(self, batch: BatchDetails) -> None: ...


class Silent:
    def request_ended(self, request: RequestDetails) -> None: ...

    def batch_ended(self, batch: BatchDetails) -> None: ...


class FanOut:
    """A hook that fails is logged; the others still run."""

    def __init__(self, hooks: Sequence[Telemetry]) -> None:
        self._hear_requests = _heard_by(hooks, "request_ended")
        self._hear_batches = _heard_by(hooks, "batch_ended")

    def request_ended(self, request: RequestDetails) -> None:
        _tell(self._hear_requests, request)

    def batch_ended(self, batch: BatchDetails) -> None:
        _tell(self._hear_batches, batch)


def _heard_by(hooks: Sequence[Telemetry], event: str) -> list[tuple[str, Callable[[Any], None]]]:
    """Those that do something about it, with their names."""
    return [
        (type(hook).__name__, getattr(hook, event))
        for hook in hooks
        if getattr(type(hook), event, None) is not getattr(Silent, event)
    ]


def _tell(hooks: Sequence[tuple[str, Callable[[DetailsT], None]]], details: DetailsT) -> None:
    for name, hear in hooks:
        try:
            hear(details)
        except Exception:  # noqa: BLE001 -- what only looks on must never change an answer
            _log.exception("telemetry_hook_failed", extra={"hook": name})
