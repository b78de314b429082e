"""Every metric. Docs, dashboard and alerts are checked against this table.

Names and units follow Prometheus' conventions. Labels have closed sets of values; no id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from gateway.item_codes import ITEM_CODES
from gateway.telemetry.events import APPLIED, BatchKind
from legacy_client.health.snapshot import DURATION_BOUNDS
from schemas.messages import VALIDATION_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)
_ITEMS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 10_000.0, 100_000.0)

Across = Literal["livesum", "livemax"]
"""How the gauges of several workers become one number. Dead workers do not count."""


@dataclass(frozen=True, slots=True)
class Spec:
    """Series in ``from_start`` exist before their first event."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    across: Across = "livesum"
    # A rate sees only steps of a series that exists.
    from_start: tuple[tuple[str, ...], ...] = ()


ITEM_SERIES = (
    APPLIED,
    *((str(outcome), code) for code, row in ITEM_CODES.items() for outcome in row.outcomes),
)
"""Outcome and code of every possible item. An alert on a rare one needs its zero first."""

_STATUSES = ("200", "500", "502", "503", "504")


PARTS = ("own", "turns", "core", "repeats")
"""What the time of a batch is spent on."""


def request_series(routes: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """The contract's requests: success, and failures on our side."""
    return [(route, method, status) for route, method in routes for status in _STATUSES]


METRICS: tuple[Spec, ...] = (
    Spec(
        "gateway_requests_total",
        "counter",
        "Requests answered.",
        ("route", "method", "status"),
    ),
    Spec(
        "gateway_request_duration_seconds",
        "histogram",
        "From a request's first hop to its answer.",
        ("route",),
        _SECONDS,
    ),
    Spec(
        "gateway_problems_total",
        "counter",
        "Problem documents answered, by type.",
        ("type",),
        from_start=(("internal-error",),),
    ),
    Spec(
        "gateway_invalid_requests_total",
        "counter",
        "Requests refused as `validation-failed`, once for each code among the errors that the answer lists.",
        ("code",),
        from_start=tuple((code,) for code in VALIDATION_CODES),
    ),
    Spec(
        "gateway_partner_invalid_requests_total",
        "counter",
        "The same by the partner of `GATEWAY_PARTNERS_FILE` that sent them; `other`: by none of them.",
        ("partner", "code"),
    ),
    Spec(
        "gateway_batches_total",
        "counter",
        "Batches run, by the status that their outcomes add up to.",
        ("kind", "status"),
    ),
    Spec("gateway_batch_items", "histogram", "Items in a batch that was run.", (), _ITEMS),
    Spec("gateway_batch_duration_seconds", "histogram", "From a batch's first call to its last outcome.", (), _SECONDS),
    Spec(
        "gateway_batch_seconds_total",
        "counter",
        "Time of batches, each second once: the gateway's `own`, `turns` that the core had no room for, `core`, in which its "
        "answers were waited for, and `repeats`, between two attempts.",
        ("kind", "part"),
        from_start=tuple((kind, part) for kind in get_args(BatchKind) for part in PARTS),
    ),
    Spec(
        "gateway_items_total",
        "counter",
        "Items run, by what became of each: the item-level indicator of service.",
        ("outcome", "code"),
        from_start=ITEM_SERIES,
    ),
    Spec(
        "gateway_partner_requests_total",
        "counter",
        "Requests answered, by the partner of `GATEWAY_PARTNERS_FILE` that sent them; `other`: by none of them.",
        ("partner", "status"),
    ),
    Spec(
        "gateway_partner_items_total",
        "counter",
        "Items of such a partner's batches and calls, by what became of each.",
        ("partner", "outcome", "code"),
    ),
    Spec(
        "gateway_unreadable_answers_total",
        "counter",
        "Items updated whose answer of the core has fields that cannot be read.",
        ("kind",),
        from_start=(("sync",), ("stream",), ("single",)),
    ),
    Spec("gateway_batches_in_flight", "gauge", "Batches under way."),
    Spec(
        "gateway_shed_total",
        "counter",
        "Requests refused to protect the service.",
        ("reason",),
        from_start=(
            ("draining",),
            ("too_many_batches",),
            ("too_many_of_one",),
            ("too_many_bytes",),
            ("queue_too_old",),
        ),
    ),
    Spec(
        "gateway_rate_limited_total",
        "counter",
        "Requests refused because their principal is over a rate; `policy` is `items`, `requests` or `unsent-kib`.",
        ("route", "policy"),
    ),
    Spec(
        "gateway_idempotent_replays_total",
        "counter",
        "Requests with a known idempotency key: answered from the record, or completed.",
        ("kind",),
    ),
    Spec(
        "gateway_idempotency_refused_total",
        "counter",
        "Requests with an idempotency key refused because its record could not be had.",
    ),
    Spec("gateway_core_attempts_total", "counter", "Calls sent to the core, retries included, by result.", ("result",)),
    Spec(
        "gateway_core_attempt_duration_seconds",
        "histogram",
        "One call to the core, first byte out to last byte in.",
        (),
        DURATION_BOUNDS,
    ),
    Spec("gateway_core_retries_total", "counter", "Calls to the core that repeat an earlier one."),
    Spec("gateway_core_refused_total", "counter", "Calls that an open circuit held back."),
    Spec("gateway_core_in_flight", "gauge", "Calls to the core under way."),
    Spec("gateway_core_waiting_items", "gauge", "Items accepted but not yet sent to the core."),
    Spec(
        "gateway_core_waiting_seconds",
        "gauge",
        "How long a batch has now waited for its turn at the core, at most.",
        across="livemax",
    ),
    Spec("gateway_core_concurrency_limit", "gauge", "Calls to the core that may be under way at once."),
    Spec("gateway_core_circuit_state", "gauge", "Workers whose circuit is in this state.", ("state",)),
    Spec(
        "gateway_jwks_age_seconds",
        "gauge",
        "Age of the oldest realm's signing keys; `+Inf` while a realm has never given any.",
        across="livemax",
    ),
    Spec(
        "gateway_api_keys_file_stale",
        "gauge",
        "Workers that go on with older API keys, since `GATEWAY_API_KEYS_FILE` as it is now cannot be read.",
    ),
    Spec(
        "gateway_ready",
        "gauge",
        "Workers in which this check of `/readyz` found nothing wrong when it was last looked at, within ten seconds or so.",
        ("check",),
    ),
    Spec("gateway_audit_unavailable", "gauge", "Workers that cannot write the audit trail; its lines wait in memory."),
    Spec(
        "gateway_audit_lost_lines_total",
        "counter",
        "Lines of the audit trail, one a batch, that were lost while it could not be written.",
    ),
    Spec("gateway_jobs", "gauge", "Jobs in this state.", ("state",), across="livemax"),
    Spec(
        "gateway_job_chunks",
        "gauge",
        "Chunks of jobs that are `due`, or `leased` to a worker.",
        ("state",),
        across="livemax",
    ),
    Spec(
        "gateway_job_items",
        "gauge",
        "Items that jobs have settled since their store was made, by outcome; take its rate.",
        ("outcome",),
        across="livemax",
    ),
    Spec(
        "gateway_job_due_seconds",
        "gauge",
        "How long chunks have been due, and none was handed to a worker.",
        across="livemax",
    ),
    Spec(
        "gateway_job_without_progress_seconds",
        "gauge",
        "How long a job might run, and no item of it was settled; the longest of all jobs.",
        across="livemax",
    ),
    Spec("gateway_job_workers", "gauge", "Job workers alive within the last minute.", across="livemax"),
    Spec("gateway_job_store_bytes", "gauge", "Size of the store of jobs.", across="livemax"),
    Spec("gateway_workers", "gauge", "Worker processes that serve."),
    Spec("gateway_process_cpu_seconds_total", "counter", "CPU time of the worker processes."),
    Spec("gateway_process_resident_memory_bytes", "gauge", "Resident memory of the worker processes."),
    Spec("gateway_build_info", "gauge", "Always 1; the labels say what runs.", ("version", "python"), across="livemax"),
)
