from __future__ import annotations

import time
from typing import TYPE_CHECKING

from legacy_client.deadline import Deadline
from legacy_client.sending.fanout import Fanout
from legacy_client.sending.reading import USUAL, AnswerReader
from legacy_client.sending.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from legacy_client.call_context import CallContext
    from legacy_client.credentials import CoreCredentials
    from legacy_client.errors import CoreError
    from legacy_client.operations import Call, Operation
    from legacy_client.sending.reading import Answer
    from legacy_client.sending.retry import RetryPolicy
    from legacy_client.sending.shape import AnswerShape
    from legacy_client.template import RequestTemplate
    from legacy_client.transport.base import Transport


class LegacyClient:
    """Each call ends in an answer or a CoreError (``contract.md`` section 3). Times are in seconds.

    ``honours_idempotency``: the core applies a call with a known key once. ``atomic_errors``: a 5xx applied nothing.
    ``item_seconds`` bounds one call with its repeats, but not its wait for a turn. ``misread`` is called for each
    unreadable 2xx.
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
        misread: Callable[[str], None],
        shape: AnswerShape = USUAL,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[Deadline, float], None] = Deadline.pause,
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._templates: dict[tuple[str, tuple[tuple[str, str], ...]], RequestTemplate] = {}
        self._shared = Shared(
            transport=transport,
            credentials=credentials,
            retries=retries,
            reader=AnswerReader(
                atomic_errors=atomic_errors, max_answer_bytes=max_answer_bytes, misread=misread, shape=shape
            ),
            honours_idempotency=honours_idempotency,
            item_seconds=item_seconds,
            attempt_seconds=attempt_seconds,
            clock=clock,
            pause=pause,
        )

    def send(
        self, operation: Operation[Call], calls: Sequence[Call], context: CallContext
    ) -> Iterator[tuple[int, Answer | CoreError]]:
        """Each index once. An answer without a body is ``{}``.

        Closing the iterator early sends nothing new.
        """
        return Fanout(self._shared, operation, self._template(operation), calls, context).results()

    def send_one(self, operation: Operation[Call], call: Call, context: CallContext) -> Answer | CoreError:
        [(_, result)] = self.send(operation, [call], context)
        return result

    def _template(self, operation: Operation[Call]) -> RequestTemplate:
        known = operation.method, operation.headers
        if known not in self._templates:
            self._templates[known] = operation.template(self._base_url)
        return self._templates[known]

    def ping(self) -> CoreError | None:
        """Sends no request."""
        return self._transport.ping()
