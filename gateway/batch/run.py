from __future__ import annotations

import logging
import time
from itertools import chain
from typing import TYPE_CHECKING, Protocol

import orjson

from gateway.batch.item_errors import ItemErrors
from gateway.batch.outcome import ItemError, verdict
from gateway.batch.summary import Summary
from gateway.item_codes import Applied
from gateway.telemetry.details import Unreadable, summarize
from legacy_client.calls import ids_of
from legacy_client.errors import CoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.batch.batch_claim import BatchClaim
    from gateway.batch.outcome import FailedAt, Outcome
    from gateway.resources.resource import Resource
    from gateway.telemetry.events import BatchKind
    from gateway.telemetry.traces import Span
    from legacy_client.call_context import CallContext
    from legacy_client.calls import Update
    from legacy_client.operations import Operation

_log = logging.getLogger(__name__)


class Core(Protocol):
    def send(
        self, operation: Operation[Update], calls: Sequence[Update], context: CallContext
    ) -> Iterator[tuple[int, dict[str, object] | CoreError]]:
        """``(index, result)`` of each call once, as they finish."""
        ...


class BatchRun:
    """Iterate over it once: ``(index, outcome)`` of every item that the claim tells. Then ask for the summary."""

    def __init__(
        self,
        resource: Resource,
        calls: Sequence[Update],
        claim: BatchClaim,
        core: Core,
        context: CallContext,
        span: Span,
    ) -> None:
        """``span`` gets an event for each failed item."""
        self._resource = resource
        self._errors = ItemErrors(resource.name, resource.translation.errors_to_public)
        self._calls = calls
        self._claim = claim
        self._core = core
        self._context = context
        self._span = span
        self._failed: list[FailedAt] = []
        self._unreadable = Unreadable()
        self._seconds = 0.0

    def __iter__(self) -> Iterator[tuple[int, Outcome]]:
        began = time.perf_counter()
        item_ids = ids_of(self._calls)
        claim = self._claim
        earlier = claim.earlier_outcomes(self._errors, item_ids)
        for index, outcome in chain(earlier, claim.wrap(self._errors, item_ids, self._sent())):
            if isinstance(outcome, ItemError):
                shown = outcome.with_retry_advice(repeats_unknown=claim.repeats_unknown)
                self._failed.append((index, item_ids[index], shown))
                self._span.failed(index, item_ids[index], shown)
                yield index, shown
            else:
                yield index, outcome
        self._seconds = time.perf_counter() - began

    def outcomes(self) -> list[Outcome]:
        """In input order."""
        outcomes: list[Outcome] = [b""] * len(self._calls)
        for index, outcome in self:
            outcomes[index] = outcome
        return outcomes

    def summary(
        self, *, keep_failed: int, kind: BatchKind = "sync", principal_id: str = "", partner: str = ""
    ) -> Summary:
        """``keep_failed``: how many failed items the details name at most."""
        items, failed = len(self._calls), sorted(self._failed, key=lambda one: one[0])
        result = verdict(items, [error for _, _, error in failed])
        details = summarize(
            items,
            failed,
            kind=kind,
            status=result.status,
            seconds=self._seconds,
            keep_failed=keep_failed,
            unreadable=self._unreadable,
            waits=self._context.waits,
            principal_id=principal_id,
            partner=partner,
        )
        return Summary(result, failed, details)

    def _sent(self) -> Iterator[tuple[int, Outcome]]:
        """``(position, outcome)`` of each call to send, as they finish."""
        due = self._due()
        missing = dict.fromkeys(range(len(due)))
        try:
            for position, result in self._core.send(self._resource.operation, due, self._context):
                del missing[position]
                yield position, self._outcome(due[position], result)
        except Exception:  # noqa: BLE001 -- what was sent before the fault must still be reported
            _log.exception("batch_failed", extra={"unaccounted": len(missing)})
        for position in missing:
            yield position, self._errors.internal(due[position].id, Applied.UNKNOWN)

    def _due(self) -> Sequence[Update]:
        to_send = self._claim.to_send
        return self._calls if len(to_send) == len(self._calls) else [self._calls[index] for index in to_send]

    def _outcome(self, call: Update, result: dict[str, object] | CoreError) -> Outcome:
        if isinstance(result, CoreError):
            return self._errors.from_core(result, call.id)
        try:
            public = self._resource.shown(call, result)
            # orjson's own bytes keep a buffer of 4 KiB and more.
            shown = b"%b" % orjson.dumps(public)
        except Exception:  # noqa: BLE001 -- the others of its batch go on
            _log.exception("core_answer_untranslatable", extra={"item_id": call.id})
            return self._errors.internal(call.id, Applied.UNKNOWN)
        if "unreadable" in public:
            self._unreadable.add(call.id, public["unreadable"])
        return shown
