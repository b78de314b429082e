"""The log lines of a request or of a chunk's run: one for itself, and one per failed item."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from gateway.telemetry.events import APPLIED
from gateway.telemetry.logs.facts import FactsLine
from gateway.telemetry.logs.gathered import GatheredLines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.telemetry.details import BatchDetails, RequestDetails, Unreadable
    from gateway.telemetry.events import InvalidRequest
    from gateway.telemetry.logs.gathered import Later

_log = logging.getLogger(__name__)
# Asked every few seconds by probes and scrapers; of interest only when they fail.
_QUIET_ROUTES = frozenset({"/livez", "/readyz", "/metrics", "/status/data", "/status/history", "/status/batches"})
_MOST_FIELDS = 20
_NO_JOB: Mapping[str, str] = {}


class Lines:
    """``later``: what runs when the line of a request has waited for others; None waits without it, or after ``close``."""

    def __init__(self, later: Later | None = None) -> None:
        line = FactsLine(_log, "request_ended")
        self._ended = GatheredLines(lambda level, request, at: line.tell(level, _facts(request), at), later)

    def close(self) -> None:
        self._ended.close()

    def request_ended(self, request: RequestDetails) -> None:
        level = _level(request)
        if _log.isEnabledFor(level):
            self._ended.add(level, request)

    def batch_ended(self, batch: BatchDetails) -> None:
        if batch.failed:
            _tell_failed(batch)
        if batch.unreadable.answers:
            _tell_unreadable(batch.unreadable, {})


def chunk_ended(batch: BatchDetails, *, job: str, first_index: int) -> None:
    """``batch`` is a run of the items of ``job`` from ``first_index`` on. Indexes are told as the job counts them."""
    of_job = {"job": job}
    _tell_failed(batch, first_index, of_job)
    if batch.unreadable.answers:
        _tell_unreadable(batch.unreadable, of_job)
    facts = {name: fact for name, fact in _batch_facts(batch).items() if name != "kind"}
    _log.info("chunk_ended", extra={**of_job, "first_index": first_index, **facts, "principal_id": batch.principal_id})


def _tell_failed(batch: BatchDetails, first_index: int = 0, of_job: Mapping[str, str] = _NO_JOB) -> None:
    whose = {name: text for name in ("principal_id", "partner") if (text := getattr(batch, name))}
    for item in batch.failed:
        fields = {
            "index": first_index + item.index,
            "item_id": item.item_id,
            "code": item.code,
            "outcome": item.outcome,
        }
        told = fields | ({"reason": item.reason} if item.reason else {}) | whose
        _log.warning("item_failed", extra={**of_job, **told})


def _tell_unreadable(unreadable: Unreadable, of_job: Mapping[str, str]) -> None:
    fields = {"answers": unreadable.answers, "fields": _counted(unreadable.fields), "item_id": unreadable.item_id}
    _log.warning("core_fields_unreadable", extra={**of_job, **fields})


def _level(request: RequestDetails) -> int:
    if request.status >= 500:
        return logging.WARNING
    return logging.DEBUG if request.route in _QUIET_ROUTES else logging.INFO


def _facts(request: RequestDetails) -> dict[str, object]:
    facts: dict[str, object] = {
        "method": request.method,
        "route": request.route,
        "status": request.status,
        "seconds": round(request.seconds, 6),
        "request_id": request.request_id,
        "principal_id": request.principal_id,
        "received_bytes": request.received_bytes,
        "sent_bytes": request.sent_bytes,
    }
    if request.partner:
        facts["partner"] = request.partner
    if request.key_fingerprint:
        facts["key_fingerprint"] = request.key_fingerprint
    if request.job:
        facts["job"] = request.job
    if request.problem:
        facts["problem"] = request.problem
    if request.invalid:
        facts |= _invalid_facts(request.invalid)
    if request.policy:
        facts["policy"] = request.policy
    if request.replay:
        facts["replay"] = request.replay
    if request.batch:
        facts |= _batch_facts(request.batch)
    return facts


def _invalid_facts(invalid: InvalidRequest) -> dict[str, object]:
    facts: dict[str, object] = {
        "validation_errors": invalid.errors,
        "validation_codes": _counted(invalid.codes),
        "validation_fields": _counted(dict(Counter(invalid.fields).most_common(_MOST_FIELDS))),
    }
    return facts if invalid.index is None else facts | {"first_invalid_index": invalid.index}


def _batch_facts(batch: BatchDetails) -> dict[str, object]:
    succeeded, waits = batch.succeeded, batch.waits
    return {
        "kind": batch.kind,
        "items": batch.items,
        "succeeded": succeeded,
        "failed": batch.items - succeeded,
        "codes": "" if succeeded == batch.items else _codes(batch),
        "batch_seconds": round(batch.seconds, 6),
        "turn_seconds": round(waits.turns, 6),
        "core_seconds": round(waits.answers, 6),
        "repeat_seconds": round(waits.repeats, 6),
    }


def _codes(batch: BatchDetails) -> str:
    return _counted({code: count for (_, code), count in batch.counts.items() if code != APPLIED[1]})


def _counted(counts: Mapping[str, int]) -> str:
    return ",".join(f"{name}:{count}" for name, count in sorted(counts.items()))
