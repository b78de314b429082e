"""How long a worker waits for clients and for its own end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.serving.plan import ClientTimeouts, StopSchedule, WorkerPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.serving.loop_turns import LoopTurns
    from gateway.settings.budgets import BudgetSettings
    from gateway.settings.service import ServiceSettings
    from gateway.telemetry.details import RequestDetails

# At a stop, unfinished batches are cancelled this long before its end, for their last calls and answers.
_LAST_SECONDS = 2.0


def worker_plan(
    service: ServiceSettings,
    budgets: BudgetSettings,
    drain: Callable[[float], None],
    turns: LoopTurns,
    unkept: Callable[[], int],
    ended: Callable[[], None],
    request_ended: Callable[[RequestDetails], None],
) -> WorkerPlan:
    last = budgets.core_timeout + _LAST_SECONDS
    return WorkerPlan(
        timeouts=ClientTimeouts(
            idle=service.client_keepalive,
            head=service.header_timeout,
            body=budgets.body_timeout,
            answer=service.answer_timeout,
        ),
        stop=StopSchedule(
            delay=budgets.drain_delay,
            grace=max(0.0, budgets.graceful_timeout - last),
            total=budgets.graceful_timeout,
            quick=last,
        ),
        drain=drain,
        turns=turns,
        unkept=unkept,
        ended=ended,
        base_url=service.public_url,
        request_ended=request_ended,
    )
