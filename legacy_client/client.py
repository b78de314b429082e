"""The core's API: one method per operation. Every call ends in a value, an answer or a CoreError, never in an exception."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from legacy_client.deadline import Deadline
from legacy_client.operations import (
    HEADERS,
    Operation,
    replaced_id,
    updated_id,
    write_replacement,
    write_update,
)
from legacy_client.sending.fanout import Fanout, Wiring
from legacy_client.sending.reading import AnswerReader
from legacy_client.template import RequestTemplate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from legacy_client.calls import ActionUpdate, CallContext, IntegrationActionReplacement
    from legacy_client.credentials import Credentials
    from legacy_client.errors import CoreError
    from legacy_client.sending.reading import Answer
    from legacy_client.sending.retry import RetryPolicy
    from legacy_client.transport.base import Transport


class LegacyClient:
    """Speaks to the core at ``base_url`` (``contract.md`` section 3).

    ``honours_idempotency``: the core applies a call with a known key once, so a call that may have been applied is
    repeated. ``atomic_errors``: a 5xx means that nothing was applied. ``item_seconds`` bounds all attempts of one call
    and the waits between them, time spent waiting for its turn aside; ``attempt_seconds`` is the transport's own bound.
    """

    def __init__(
        self,
        base_url: str,
        transport: Transport,
        *,
        credentials: Credentials,
        retries: RetryPolicy,
        honours_idempotency: bool = False,
        atomic_errors: bool = False,
        max_answer_bytes: int = 1_048_576,
        item_seconds: float = 15.0,
        attempt_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[Deadline, float], None] = Deadline.pause,
    ) -> None:
        self._transport = transport
        self._update = Operation(RequestTemplate("PATCH", base_url, HEADERS), write_update, updated_id)
        self._replace = Operation(RequestTemplate("PUT", base_url, HEADERS), write_replacement, replaced_id)
        self._wiring = Wiring(
            transport=transport,
            credentials=credentials,
            retries=retries,
            reader=AnswerReader(atomic_errors=atomic_errors, max_answer_bytes=max_answer_bytes),
            honours_idempotency=honours_idempotency,
            item_seconds=item_seconds,
            attempt_seconds=attempt_seconds,
            clock=clock,
            pause=pause,
        )

    def update_actions(
        self, updates: Sequence[ActionUpdate], context: CallContext
    ) -> Iterator[tuple[int, Answer | CoreError]]:
        """``(index, legacy action or error)`` as they become final, each index once; ``{}`` where the core sent no body.

        Closing the iterator early sends nothing new.
        """
        return Fanout(self._wiring, self._update, updates, context).results()

    def replace_integration_action(
        self, call: IntegrationActionReplacement, context: CallContext
    ) -> Answer | CoreError:
        """The replaced action, ``{}`` where the core sent no body, or the error."""
        [(_, result)] = Fanout(self._wiring, self._replace, [call], context).results()
        return result

    def waiting(self) -> tuple[int, float]:
        """Calls not yet sent, and the age in seconds of the oldest."""
        return self._transport.waiting()

    def ping(self) -> CoreError | None:
        """None if a connection to the core can be had; sends no request."""
        return self._transport.ping()

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()
