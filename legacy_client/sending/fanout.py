from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic

from legacy_client.errors import AccessDenied, CircuitOpen, CoreError, Misconfigured, Stopped, Unsendable, Untrusted
from legacy_client.operations import Call, Operation
from legacy_client.sending.retry import Failed, combined, is_retryable
from legacy_client.transport.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from requests import PreparedRequest, Response

    from legacy_client.call_context import CallContext
    from legacy_client.sending.reading import Answer
    from legacy_client.sending.shared import Shared
    from legacy_client.template import RequestTemplate

    Results = Iterator[tuple[int, Answer | CoreError]]

_log = logging.getLogger(__name__)


class _Requests(Generic[Call]):
    """Each is written when it is about to leave."""

    __slots__ = ("_calls", "_indices", "_key_prefix", "_template", "_write")

    def __init__(
        self,
        operation: Operation[Call],
        template: RequestTemplate,
        calls: Sequence[Call],
        indices: Sequence[int],
        key_prefix: str,
    ) -> None:
        self._write = operation.write
        self._template = template
        self._calls = calls
        self._indices = indices
        self._key_prefix = key_prefix

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, position: int, /) -> PreparedRequest:
        index = self._indices[position]
        try:
            return self._write(self._template, self._calls[index], self._key_prefix)
        except Exception as exc:
            _log.exception("call_not_sendable", extra={"index": index})
            raise Unsendable(type(exc).__name__) from exc


class Fanout(Generic[Call]):
    """``results`` may be consumed once."""

    def __init__(
        self,
        shared: Shared,
        operation: Operation[Call],
        template: RequestTemplate,
        calls: Sequence[Call],
        context: CallContext,
    ) -> None:
        self._shared = shared
        self._operation = operation
        self._unsigned = template
        self._calls = calls
        self._context = context
        self._item_seconds_left = shared.item_seconds
        self._credential_headers: Mapping[str, str] = {}
        self._standing: Failed = {}
        self._waiting: Failed = {}
        self._round = self._renewed_in_round = 0
        self._told = False

    def results(self) -> Results:
        """Each index exactly once, as soon as its result is final."""
        if not self._calls:
            return
        yield from self._send_round(range(len(self._calls)))
        if self._waiting:
            yield from self._send_again()

    def _send_again(self) -> Results:
        for attempt in self._shared.retries.rounds(self._seconds_left, self._pause):
            # The first attempt is the round that has just ended; tenacity takes over from there.
            if attempt.retry_state.attempt_number > 1:
                yield from self._send_round(list(self._waiting))
            attempt.retry_state.set_result(self._waiting)
        for index in self._waiting:
            yield index, self._standing[index]

    def _send_round(self, indices: Sequence[int]) -> Results:
        """Those to be sent again are left in ``_waiting``."""
        self._round += 1
        began, again, held_back = self._shared.clock(), dict[int, CoreError](), 0
        read, calls, expected_id = self._shared.reader.read, self._calls, self._operation.expected_id
        template = self._template()
        # One loop for all steps: each generator more would cost every item a switch.
        for position, sent in self._sent(template, indices):
            index = indices[position]
            result = sent if isinstance(sent, CoreError) else read(sent, expected_id(calls[index]))
            if not isinstance(result, CoreError):
                yield index, result
                continue
            held_back += isinstance(result, (Stopped, CircuitOpen, Unsendable))
            self._standing[index] = combined(self._standing.get(index), result)
            if self._may_go_again(result):
                again[index] = result
                if (marks := self._context.marks) is not None:
                    marks.put_back(index, may_have_been_applied=result.may_have_been_applied)
            else:
                self._tell_operators(result)
                yield index, self._standing[index]
        if not isinstance(template, CoreError):
            if self._round == 1:
                self._shared.retries.budget.add_calls(len(indices) - held_back)
            # Each item is charged for the whole round, so no item needs a clock of its own.
            self._item_seconds_left -= min(self._shared.clock() - began, self._shared.attempt_seconds)
        self._waiting = self._shared.retries.grant(again, self._seconds_left()) if again else {}
        for index in again:
            if index not in self._waiting:
                yield index, self._standing[index]

    def _sent(
        self, template: RequestTemplate | CoreError, indices: Sequence[int]
    ) -> Iterator[tuple[int, Response | CoreError]]:
        """By position in ``indices``."""
        if isinstance(template, CoreError):
            return iter([(position, template) for position in range(len(indices))])
        requests = _Requests(self._operation, template, self._calls, indices, self._context.idempotency_prefix)
        return self._shared.transport.send_many(requests, self._flow(indices))

    def _template(self) -> RequestTemplate | CoreError:
        context = self._context
        try:
            headers = self._credential_headers = self._shared.credentials.headers(context)
        except CoreError as error:
            return error
        own = {"X-Request-ID": context.request_id, "traceparent": context.traceparent, **headers}
        if not (context.request_id and context.traceparent):
            own = {name: value for name, value in own.items() if value or name in headers}
        try:
            return self._unsigned.extended(own)
        except ValueError:
            kind = Misconfigured if _breaks(self._unsigned, headers) else Unsendable
            return kind("a header cannot be sent")

    def _flow(self, indices: Sequence[int]) -> Flow:
        context = self._context
        if context.marks is not None:
            context.marks.begin(indices)
        return Flow(
            deadline=context.deadline,
            concurrency=context.concurrency,
            item_seconds=self._item_seconds_left,
            caller=context.caller,
            most_in_flight=context.most_in_flight,
            upto=None if context.marks is None else context.marks.upto,
            waits=context.waits,
        )

    def _may_go_again(self, error: CoreError) -> bool:
        if self._round >= self._shared.retries.attempts:
            return False
        if isinstance(error, AccessDenied):
            # A 2xx that says so does not say whether they are unknown or too weak.
            return (error.status == 401 or error.status < 300) and self._credentials_renewed()
        return is_retryable(error, honours_idempotency=self._shared.honours_idempotency)

    def _credentials_renewed(self) -> bool:
        """Asked once per batch. The answer holds for that round only."""
        if self._renewed_in_round == 0:
            renewed = self._shared.credentials.refused(self._credential_headers)
            self._renewed_in_round = self._round if renewed else -1
        return self._renewed_in_round == self._round

    def _tell_operators(self, error: CoreError) -> None:
        if isinstance(error, (AccessDenied, Misconfigured, Untrusted)) and not self._told:
            self._told = True
            _log.error("core_misconfigured", extra={"reason": error.reason})

    def _seconds_left(self) -> float:
        deadline = self._context.deadline
        return 0.0 if deadline.stopped() else min(self._item_seconds_left, deadline.remaining())

    def _pause(self, seconds: float) -> None:
        self._item_seconds_left -= seconds
        began = self._shared.clock()
        self._shared.pause(self._context.deadline, seconds)
        self._context.waits.repeats += self._shared.clock() - began


def _breaks(template: RequestTemplate, headers: Mapping[str, str]) -> bool:
    try:
        template.extended(headers)
    except ValueError:
        return True
    return False
