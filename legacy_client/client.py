"""The way to the core: sends the calls of any operation. Each ends in a value, an answer or a CoreError."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from legacy_client.deadline import Deadline
from legacy_client.operations import HEADERS
from legacy_client.sending.fanout import Fanout, Shared
from legacy_client.sending.reading import AnswerReader
from legacy_client.template import RequestTemplate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from legacy_client.calls import CallContext
    from legacy_client.credentials import CoreCredentials
    from legacy_client.errors import CoreError
    from legacy_client.operations import Call, Operation
    from legacy_client.sending.reading import Answer
    from legacy_client.sending.retry import RetryPolicy
    from legacy_client.transport.base import Transport

_METHODS = ("PATCH", "PUT", "POST")


class LegacyClient:
    """Speaks to the core at ``base_url`` (``contract.md`` section 3).

    ``honours_idempotency``: the core applies a call with a known key once, so a call that may have been applied is
    repeated. ``atomic_errors``: a 5xx means that nothing was applied. ``item_seconds`` bounds all attempts of one call
    and the waits between them, time spent waiting for its turn aside; ``attempt_seconds`` is the transport's own bound.
    ``misread`` is called for each 2xx that cannot be read.
    """

    def __init__(
        self,
        base_url: str,
        transport: Transport,
        *,
        credentials: CoreCredentials,
        retries: RetryPolicy,
        honours_idempotency: bool,
        atomic_errors: bool,
        max_answer_bytes: int,
        item_seconds: float,
        attempt_seconds: float,
        misread: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[Deadline, float], None] = Deadline.pause,
    ) -> None:
        self._transport = transport
        self._templates = {method: RequestTemplate(method, base_url, HEADERS) for method in _METHODS}
        self._shared = Shared(
            transport=transport,
            credentials=credentials,
            retries=retries,
            reader=AnswerReader(atomic_errors=atomic_errors, max_answer_bytes=max_answer_bytes, misread=misread),
            honours_idempotency=honours_idempotency,
            item_seconds=item_seconds,
            attempt_seconds=attempt_seconds,
            clock=clock,
            pause=pause,
        )

    def send(
        self, operation: Operation[Call], calls: Sequence[Call], context: CallContext
    ) -> Iterator[tuple[int, Answer | CoreError]]:
        """``(index, answer or error)`` as they become final, each index once; ``{}`` where the core sent no body.

        Closing the iterator early sends nothing new.
        """
        return Fanout(self._shared, operation, self._templates[operation.method], calls, context).results()

    def send_one(self, operation: Operation[Call], call: Call, context: CallContext) -> Answer | CoreError:
        """The answer to a single call, or the error."""
        [(_, result)] = self.send(operation, [call], context)
        return result

    def ping(self) -> CoreError | None:
        """None if a connection to the core can be had; sends no request."""
        return self._transport.ping()
