"""What the worker needs of the application: the application has it as its ``plan``. All times in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.serving.loop_turns import LoopTurns


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTimeouts:
    """How long a client is waited for: between requests, for a head, for a body, and to take an answer."""

    idle: float
    head: float
    body: float
    answer: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSchedule:
    """How a worker stops, counted from when it is told.

    For ``delay`` it says so and goes on listening; for ``grace`` batches begin and go on sending; connections that are
    left after ``total``, or after ``quick`` where it must stop at once, are cut.
    """

    delay: float
    grace: float
    total: float
    quick: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """``drain`` turns readiness and, after the seconds given, refuses new batches and ends those under way.

    ``turns`` are shared by all that could hold up the loop.
    ``unkept`` says how many batches have ended whose records still wait for the store.
    """

    timeouts: ClientTimeouts
    stop: StopSchedule
    drain: Callable[[float], None]
    turns: LoopTurns
    unkept: Callable[[], int]
    base_url: str
