"""What the application asks of the worker, as its ``plan``; times in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.serving.loop_turns import LoopTurns
    from gateway.telemetry.details import RequestDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTimeouts:
    """Waits for a next request, a head, a body, and the receipt of an answer."""

    idle: float
    head: float
    body: float
    answer: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSchedule:
    """How a worker stops, from the signal on.

    ``delay``: it still accepts. ``grace``: batches begin and send.
    ``total``: connections are cut. ``quick``: ``total`` after SIGQUIT.
    """

    delay: float
    grace: float
    total: float
    quick: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """``drain`` ends all batches after so many seconds.

    ``unkept``: ended batches whose records wait for the store. ``ended`` is called last.
    ``request_ended`` hears of requests that the worker answers itself.
    """

    timeouts: ClientTimeouts
    stop: StopSchedule
    drain: Callable[[float], None]
    turns: LoopTurns
    unkept: Callable[[], int]
    ended: Callable[[], None]
    base_url: str
    request_ended: Callable[[RequestDetails], None]
