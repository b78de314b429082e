"""A job as its partner sees it (contract 1.6). Times are Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

State = Literal["uploading", "queued", "running", "paused", "cancelling", "succeeded", "partial", "failed", "cancelled"]
LIVE: frozenset[State] = frozenset({"uploading", "queued", "running", "paused", "cancelling"})
ENDED: tuple[State, ...] = ("succeeded", "partial", "failed", "cancelled")

Why = Literal["", "asked", "operator", "pause_after", "max_failed_percent", "idle", "expired"]
"""Who or what paused or ended a job before its last item."""

MOST_PARTS = 10_000
MOST_CODES = 20
RATE_SECONDS = 30.0
# Before that a rate says little.
_ESTIMATE_AFTER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Counts:
    """``failed`` are surely not applied. They add up at every look."""

    total: int = 0
    applied: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def settled(self) -> int:
        return self.applied + self.failed + self.unknown

    @property
    def unprocessed(self) -> int:
        return self.total - self.settled


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """``sample`` is the detail of the item at ``first_index``. It holds no payload."""

    code: str
    count: int
    first_index: int
    sample: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What a job is made of.

    ``key`` and ``fingerprint`` are those of the request, if it has an ``Idempotency-Key``.
    ``retry_of``: the job whose items it has. They keep the keys that they had there.
    ``pause_after`` items are run first, then the job pauses. ``max_failed_percent`` is a share of all items.
    """

    resource: str
    label: str = ""
    max_failed_percent: float | None = None
    pause_after: int | None = None
    key: str | None = None
    fingerprint: str = ""
    request_id: str = ""
    traceparent: str = ""
    retry_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``version`` grows with every change. ``rate`` is in items per second.

    ``position``: started jobs that will be turned to before, 0 for one that runs.
    ``without_progress_since``: since when it might run and no item of it was settled; None where it may not run.
    """

    id: str
    principal: str
    resource: str
    state: State
    why: Why
    label: str
    counts: Counts
    errors_by_code: Sequence[ErrorCount]
    rate: float
    position: int
    parts: int
    version: int
    max_failed_percent: float | None
    pause_after: int | None
    created_at: float
    started_at: float | None
    last_progress_at: float | None
    without_progress_since: float | None
    ended_at: float | None
    expires_at: float
    estimated_end_at: float | None
    retry_of: str | None
    retried_as: str | None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class JobPage:
    """Newest first. ``before`` continues the list; empty at its end."""

    jobs: Sequence[Job]
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """``job_items`` in one job; ``live_jobs`` of one principal; ``uploading_jobs`` of all; ``store_bytes`` in all.

    A job without a part for ``idle_seconds`` ends. An ended one is kept for ``keep_seconds``.
    """

    job_items: int
    store_bytes: int
    live_jobs: int = 5
    uploading_jobs: int = 20
    idle_seconds: float = 3600.0
    keep_seconds: float = 604_800.0

    @property
    def bytes_for_jobs(self) -> int:
        # The parts of those that were made may still come.
        return self.bytes_for_parts * 9 // 10

    @property
    def bytes_for_parts(self) -> int:
        # The rest is for results, so that what was taken can also end.
        return self.store_bytes * 3 // 4

    @property
    def bytes_for_runs(self) -> int:
        # What runs then can still write its results. Beyond it, calls would be made that nobody could record.
        return self.store_bytes * 15 // 16


def ended_state(counts: Counts, why: Why) -> State:
    """Of a job that runs no more."""
    # A job without any part has nothing to succeed with.
    if counts.settled < max(1, counts.total) and why in ("asked", "operator", "idle", "expired"):
        return "cancelled"
    if counts.applied == counts.total:
        return "succeeded"
    return "partial" if counts.applied else "failed"


def has_failed_too_much(counts: Counts, max_failed_percent: float | None) -> bool:
    """An item of unknown outcome counts as failed."""
    if max_failed_percent is None:
        return False
    return 100 * (counts.failed + counts.unknown) > max_failed_percent * counts.total


def rate_of(samples: Sequence[tuple[float, int]], now: float, started_at: float | None) -> float:
    """``samples``: items that were settled at a time. Items per second over the last 30 s."""
    if started_at is None:
        return 0.0
    items = sum(count for at, count in samples if at > now - RATE_SECONDS)
    return items / max(1.0, min(RATE_SECONDS, now - started_at))


def estimated_end(state: State, counts: Counts, rate: float, now: float, started_at: float | None) -> float | None:
    """None while nothing can be said."""
    if state != "running" or not rate or started_at is None or now - started_at < _ESTIMATE_AFTER_SECONDS:
        return None
    return now + counts.unprocessed / rate
