"""How long a worker waits for clients, and for its own end, as the settings want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.serving.plan import Ending, Patience, WorkerPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.serving.loop_turns import LoopTurns
    from gateway.settings import Settings

# What is left of a stop when unfinished batches are told to end, for their calls in flight and the answers.
_LAST_SECONDS = 2.0


def worker_plan(settings: Settings, drain: Callable[[float], None], turns: LoopTurns) -> WorkerPlan:
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
        turns=turns,
        base_url=settings.public_url,
    )
