"""What tests of the client share: a context and a client over the in-memory transport, on one virtual clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from legacy_client.call_context import CallContext
from legacy_client.calls import Update
from legacy_client.credentials import Anonymous
from legacy_client.deadline import Deadline
from legacy_client.operations import UPDATE_ACTION
from legacy_client.transport.memory import MemoryTransport, VirtualClock, answer
from tests.doubles.core_parts import some_budget, some_client, some_limits, some_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from requests import PreparedRequest, Response

    from legacy_client.errors import CoreError
    from legacy_client.health.budget import RetryBudget

    Result = Response | CoreError


def updated(action_id: int | str) -> Response:
    """The core's answer to a successful update."""
    return answer(200, orjson.dumps({"data": {"id": action_id, "state": 2}}))


def busy(retry_after: str = "0") -> Response:
    """The core's answer while it wants no more calls."""
    return answer(503, Retry_After=retry_after)


def id_of(request: PreparedRequest) -> int:
    """The id of the action that a request is about."""
    return int(request.path_url.rpartition("/")[2])


def updates(count: int) -> list[Update]:
    """Updates of the actions 0, 1, 2, …"""
    return [Update.of(str(i), {"state": 2}) for i in range(count)]


class Core:
    """A client in front of an in-memory core. ``script[i]`` are the results for action i in turn, the last for good."""

    def __init__(
        self,
        script: dict[int, Sequence[Result]] | None = None,
        *,
        latency: Callable[[PreparedRequest], float] = lambda _request: 0.0,
        attempts: int = 3,
        budget: RetryBudget | None = None,
        base_seconds: float = 0.05,
        **client: Any,
    ) -> None:
        self.script = script or {}
        self.attempts: dict[int, int] = {}
        self.clock = VirtualClock(1000.0)
        self.waited: list[float] = []
        self.on_pause: Callable[[Deadline], None] = lambda _deadline: None
        self.transport = MemoryTransport(
            self._answer, limits=some_limits(attempt_seconds=5.0), latency=latency, clock=self.clock
        )
        self.budget = budget or some_budget(floor=1000, clock=self.clock)
        self.client = some_client(
            "http://core.test/api",
            self.transport,
            credentials=client.pop("credentials", Anonymous()),
            retries=some_policy(self.budget, attempts=attempts, base_seconds=base_seconds),
            clock=self.clock,
            pause=self._pause,
            **client,
        )

    def context(self, seconds: float = 25.0, **more: Any) -> CallContext:
        """A context whose deadline runs on the same clock."""
        usual = {"concurrency": 32, "idempotency_prefix": "batch-1"}
        return CallContext(deadline=Deadline(seconds, self.clock), **(usual | more))

    def update(self, count: int, context: CallContext | None = None) -> dict[int, dict[str, object] | CoreError]:
        """The final results of ``count`` updates, by index."""
        results = list(self.client.send(UPDATE_ACTION, updates(count), context or self.context()))
        assert sorted(index for index, _ in results) == list(range(count))
        return dict(results)

    def _answer(self, request: PreparedRequest) -> Result:
        action_id = id_of(request)
        attempt = self.attempts[action_id] = self.attempts.get(action_id, 0) + 1
        results = self.script.get(action_id)
        return results[min(attempt, len(results)) - 1] if results else updated(action_id)

    def _pause(self, deadline: Deadline, seconds: float) -> None:
        self.waited.append(seconds)
        self.on_pause(deadline)
        self.clock.advance(min(seconds, deadline.remaining()))
