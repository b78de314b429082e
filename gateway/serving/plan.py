"""What the worker needs of the application: the application leaves it in ``extensions["worker"]``. All times in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.settings import Settings

# What is left of a stop when unfinished batches are told to end, for their calls in flight and the answers.
_LAST_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a client is waited for: between requests, for a head, for a body, and to take an answer."""

    idle: float
    head: float
    body: float
    answer: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a worker stops, counted from when it is told.

    For ``delay`` it says so and goes on listening; for ``grace`` unfinished batches go on sending; connections that are
    left after ``total``, or after ``quick`` where it must stop at once, are cut.
    """

    delay: float
    grace: float
    total: float
    quick: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """``drain`` turns readiness, refuses new batches and, after the seconds given, ends those under way."""

    patience: Patience
    ending: Ending
    drain: Callable[[float], None]
    base_url: str


def worker_plan(settings: Settings, drain: Callable[[float], None]) -> WorkerPlan:
    """The plan for these settings."""
    last = settings.core_timeout + _LAST_SECONDS
    return WorkerPlan(
        patience=Patience(
            idle=settings.client_keepalive,
            head=settings.header_timeout,
            body=settings.body_timeout,
            answer=settings.answer_timeout,
        ),
        ending=Ending(
            delay=settings.drain_delay,
            grace=max(0.0, settings.graceful_timeout - last),
            total=settings.graceful_timeout,
            quick=last,
        ),
        drain=drain,
        base_url=settings.public_url,
    )
