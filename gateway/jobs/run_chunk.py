"""A chunk's run is a batch's: claim, run, recorded, end. Nothing here decides whether an item may be sent."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.admission.idempotency.errors import RecordUnusable, StoreUnavailable
from gateway.admission.idempotency.journal import replay
from gateway.admission.idempotency.key import derive_prefix
from gateway.admission.idempotency.store import open_claim
from gateway.audit.line import Ended
from gateway.batch.batch_claim import ChunkClaim
from gateway.batch.item_errors import ItemErrors
from gateway.batch.outcome import restored
from gateway.batch.run import BatchRun
from gateway.item_codes import Applied
from gateway.jobs.chunk import Ending, shown, unpack
from gateway.jobs.chunk_record import ChunkRecord, Hindrances
from gateway.jobs.result_lines import ChunkLines
from gateway.jobs.results import journal_of
from gateway.jobs.settlement import Settlement
from gateway.jobs.sweeper import ALIVE_SECONDS
from gateway.telemetry.logs.lines import chunk_ended
from legacy_client.call_context import CallContext
from legacy_client.calls import ids_of
from legacy_client.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gateway.admission.idempotency.claim import Claim
    from gateway.admission.idempotency.journal import Entry
    from gateway.admission.idempotency.keeping import Keeper
    from gateway.admission.idempotency.policy import ClaimPolicy
    from gateway.audit.trail import Trail
    from gateway.batch.outcome import Outcome
    from gateway.batch.run import Core
    from gateway.jobs.chunk import Lease
    from gateway.jobs.store import WorkerStore
    from gateway.resources.resource import Resource
    from gateway.telemetry.traces import Traces
    from legacy_client.calls import Update
    from legacy_client.deadline import StopReason

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.25
_OTHERS_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkServices:
    """``seconds``: after them a run ends cleanly with the rest open. ``concurrency``: its calls in flight.

    ``is_stopping``: the worker is to end.
    """

    store: WorkerStore
    resources: Mapping[str, Resource]
    core: Core
    policy: ClaimPolicy
    keeper: Keeper
    concurrency: int
    seconds: float
    traces: Traces
    log_failed_items: int
    is_stopping: Callable[[], bool]
    trail: Trail | None


def run_chunk(services: ChunkServices, lease: Lease) -> None:
    """Raises StoreUnavailable where the store could not be had; the lease then runs out."""
    is_foreign = lease.resource not in services.resources
    is_last = lease.is_worn_out or (is_foreign and services.store.state(lease.job_id) == "cancelling")
    if is_foreign and not is_last and _has_others(services):
        # Of a newer release. What this worker has not, it must not use up.
        _log.warning("chunk_put_back", extra={"job": lease.job_id, "first_index": lease.first_index})
        services.store.undo(lease, Ending(job_wait_seconds=_OTHERS_SECONDS, is_excused=True))
        return
    # Calls that cannot be read are a fault of the run, until the last one settles them as they stand.
    calls = shown(lease.calls, lease.all_items) if is_last else unpack(lease.calls)
    calls = calls[: lease.items]
    settlement = Settlement(lease, _lines(services, lease, calls), repeats_unknown=services.policy.repeats_unknown)
    hindrances = Hindrances()
    record = ChunkRecord(services.store, lease, settlement, hindrances)
    claim = None if is_last else _claim(services, lease, record, settlement)
    if claim is None:
        _abandon(services, lease, calls, settlement, record)
        return
    for offset, outcome in _told(services, lease, calls, claim):
        settlement.add(offset, outcome)
        if not settlement.has(offset):
            hindrances.add(outcome)
    if claim.kind == "replay":
        # A claim that had nothing to send ends nothing.
        record.close([], complete=True)


def _has_others(services: ChunkServices) -> bool:
    return services.store.workers(ALIVE_SECONDS) > 1


def _lines(services: ChunkServices, lease: Lease, calls: Sequence[Update]) -> ChunkLines:
    # Of a resource that no release has any more the words are gone, too.
    resource = services.resources.get(lease.resource)
    return ChunkLines(
        ids_of(calls),
        first_index=lease.first_index,
        part=lease.part,
        line=lease.line,
        id_name=resource.id_name if resource else "id",
        name=resource.name if resource else "item",
    )


def _told(
    services: ChunkServices, lease: Lease, calls: Sequence[Update], claim: Claim
) -> Iterator[tuple[int, Outcome]]:
    """The claim ends with the last."""
    deadline = _deadline(services, lease)
    traces, within = services.traces, lease.traceparent
    with ChunkClaim(claim) as held, traces.span("chunk", items=len(calls), within=within) as span:
        context = CallContext(
            deadline=deadline,
            concurrency=services.concurrency,
            caller=lease.principal,
            request_id=lease.request_id,
            traceparent=span.traceparent or lease.traceparent,
            idempotency_prefix=held.prefix,
            marks=held.marks(deadline),
        )
        run = BatchRun(services.resources[lease.resource], calls, held, services.core, context, span)
        yield from run
        summary = run.summary(keep_failed=services.log_failed_items, principal_id=lease.principal)
        chunk_ended(summary.details, job=lease.job_id, first_index=lease.first_index)
        if services.trail:
            services.trail.batch_ended(
                Ended(
                    principal=lease.principal,
                    request_id=lease.request_id,
                    resource=lease.resource,
                    calls=calls,
                    to_send=held.to_send,
                    failed=summary.failed,
                    seconds=summary.details.seconds,
                    job=lease.job_id,
                )
            )


def _claim(services: ChunkServices, lease: Lease, record: ChunkRecord, settlement: Settlement) -> Claim | None:
    """None: the journal cannot be read, so nobody knows what was sent."""
    journal = journal_of(lease)
    if not journal:
        _mark_first(services, lease, record)
    try:
        return open_claim(
            record,
            journal,
            is_held=False,
            items=lease.items,
            # From the job, and of a retry from the first, so that neither cutting nor a repeat changes the key of an item.
            prefix=derive_prefix(lease.principal, lease.keys_of, ""),
            policy=services.policy,
            keeper=services.keeper,
            let_others_run=bool,
            events_of=settlement.events_of,
        )
    except RecordUnusable:
        return None


def _mark_first(services: ChunkServices, lease: Lease, record: ChunkRecord) -> None:
    try:
        record.append([services.policy.first_mark(lease.items)])
    except StoreUnavailable:
        # The store may have it, though it did not say so, and nothing was sent.
        services.keeper.keep(record.take_back, 0)
        raise


def _deadline(services: ChunkServices, lease: Lease) -> Deadline:
    def look() -> StopReason | None:
        if services.is_stopping():
            return "shutting_down"
        try:
            return None if services.store.state(lease.job_id) == "running" else "shutting_down"
        except StoreUnavailable:
            return None  # The next mark finds out.

    deadline = Deadline(services.seconds)
    deadline.watch(look, _LOOK_SECONDS)
    return deadline


def _abandon(
    services: ChunkServices, lease: Lease, calls: Sequence[Update], settlement: Settlement, record: ChunkRecord
) -> None:
    """Settle what no run could, so that the job goes on."""
    # Its resource may be the very thing that no release has any more.
    resource = services.resources.get(lease.resource)
    errors = ItemErrors(resource.name if resource else "item", lambda _: {})
    known = _known(lease)
    offsets = settlement.open_offsets(len(calls))
    for offset in offsets:
        settlement.settle(offset, _last_known(errors, known, offset, calls[offset].id))
    _log.error("chunk_abandoned", extra={"job": lease.job_id, "first_index": lease.first_index, "items": len(offsets)})
    record.close([], complete=True)


def _known(lease: Lease) -> Mapping[int, Entry] | None:
    try:
        return replay(journal_of(lease))
    except ValueError:
        return None


def _last_known(errors: ItemErrors, known: Mapping[int, Entry] | None, offset: int, item_id: str) -> Outcome:
    """``known`` None: the journal cannot be read, so it may have been applied."""
    entry = (known or {}).get(offset)
    if entry is not None and entry.payload:
        return restored(entry.payload)
    is_doubtful = known is None or (entry is not None and entry.state == "unknown")
    return errors.abandoned(item_id, Applied.UNKNOWN if is_doubtful else Applied.NOT_SENT)
