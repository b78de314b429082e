"""Calls over a transport with sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests import Response

from legacy_client.deadline import Deadline
from legacy_client.errors import (
    CoreError,
)
from legacy_client.transport.flow import Flow
from tests.doubles.core_parts import some_limits
from tests.doubles.stages import prepare

if TYPE_CHECKING:
    from legacy_client.errors import (
        CoreError,
    )
    from legacy_client.transport.base import Transport

    Result = Response | CoreError

if TYPE_CHECKING:
    from requests import Response

    from legacy_client.transport.base import Transport

    Result = Response | CoreError

LIMITS = some_limits(attempt_seconds=10.0, max_answer_bytes=100_000)


def flow(**more: object) -> Flow:
    return Flow(**{"deadline": Deadline(30.0), "concurrency": 8, **more})


def call(transport: Transport, url: str, action_id: int = 1, seconds: float = 10.0) -> Result:
    [(_, result)] = transport.send_many(prepare(url, [action_id]), flow(item_seconds=seconds))
    return result
