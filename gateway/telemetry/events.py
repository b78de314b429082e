"""What is worth telling about a request and a batch, as frozen details, and the port that hears of it.

Logs, metrics and traces are hooks of this port; the request path builds the details once and knows none of them.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_log = logging.getLogger(__name__)
DetailsT = TypeVar("DetailsT")

BatchKind = Literal["sync", "single"]
"""What was run: a batch, answered at once, or a single call."""
ReplayKind = Literal["replayed", "resumed"]
"""What a known idempotency key led to: its stored answer, or the completion of what was not final."""
APPLIED = ("applied", "ok")
"""Outcome and code of an item that was updated."""


class Failure(Protocol):
    """An item error, as far as telemetry reads it (``gateway.batch.outcome.ItemError``)."""

    @property
    def code(self) -> str:
        """One of the closed list of item error codes."""
        ...

    @property
    def outcome(self) -> str:
        """``not_applied``, ``not_sent`` or ``unknown``."""
        ...

    @property
    def reason(self) -> str:
        """Why, for operators: an errno or TLS alert with host and port, a status; never data. May be empty."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    """One item that was not updated."""

    index: int
    item_id: str
    code: str
    outcome: str
    reason: str = ""


@dataclass(slots=True)
class Unreadable:
    """Answers of the core about updated items, with fields that cannot be read; ``item_id`` is the first such item's."""

    answers: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    item_id: str = ""

    def add(self, item_id: str, names: Iterable[str]) -> None:
        """Count one answer; ``names`` are dotted, and places in lists are left out."""
        self.answers += 1
        self.item_id = self.item_id or item_id
        self.fields.update(".".join(part for part in name.split(".") if not part.isdigit()) for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDetails:
    """A batch that was run. ``seconds`` is its whole fan-out; ``failed`` holds at most the first N failed items."""

    kind: BatchKind
    items: int
    seconds: float
    status: int
    counts: Mapping[tuple[str, str], int]
    failed: Sequence[FailedItem] = ()
    unreadable: Unreadable = field(default_factory=Unreadable)

    @property
    def succeeded(self) -> int:
        """Items that were updated."""
        return self.counts.get(APPLIED, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDetails:
    """An answered request. ``route`` is the rule that matched (empty: none did), never the path itself.

    ``problem`` is the last part of the problem's ``type``, empty on success; ``policy`` the rate of a 429; ``replay`` what a known idempotency key
    led to; ``batch`` what the request ran, if anything.
    """

    method: str
    route: str
    status: int
    seconds: float
    request_id: str
    principal_id: str = ""
    problem: str = ""
    policy: str = ""
    received_bytes: int = 0
    sent_bytes: int = 0
    replay: ReplayKind | None = None
    batch: BatchDetails | None = None


class Telemetry(Protocol):
    """Hears what happened. Called once per request and batch, never per item; must not raise."""

    def request_ended(self, request: RequestDetails) -> None:
        """An answer was handed to the server."""
        ...

    def batch_ended(self, batch: BatchDetails) -> None:
        """A batch was run to its end."""
        ...


class Silent:
    """Hears and does nothing: the null twin, and the base of hooks that care for some events only."""

    def request_ended(self, request: RequestDetails) -> None:
        """See Telemetry."""

    def batch_ended(self, batch: BatchDetails) -> None:
        """See Telemetry."""


class FanOut:
    """Tells every hook. A hook that fails is logged and costs neither the request nor the other hooks."""

    def __init__(self, hooks: Sequence[Telemetry]) -> None:
        self._hear_requests = [(type(hook).__name__, hook.request_ended) for hook in hooks]
        self._hear_batches = [(type(hook).__name__, hook.batch_ended) for hook in hooks]

    def request_ended(self, request: RequestDetails) -> None:
        """See Telemetry."""
        _tell(self._hear_requests, request)

    def batch_ended(self, batch: BatchDetails) -> None:
        """See Telemetry."""
        _tell(self._hear_batches, batch)


def _tell(hooks: Sequence[tuple[str, Callable[[DetailsT], None]]], details: DetailsT) -> None:
    for name, hear in hooks:
        try:
            hear(details)
        except Exception:  # noqa: BLE001 -- what only looks on must never change an answer
            _log.exception("telemetry_hook_failed", extra={"hook": name})


def summarize(
    items: int,
    failures: Sequence[tuple[int, str, Failure]],
    *,
    kind: BatchKind,
    status: int,
    seconds: float,
    keep_failed: int,
    unreadable: Unreadable | None = None,
) -> BatchDetails:
    """The details of a batch of ``items``, of which those at the index, and with the id, of ``failures`` failed."""
    counts = Counter((str(failure.outcome), failure.code) for _, _, failure in failures)
    if len(failures) < items:
        counts[APPLIED] = items - len(failures)
    failed = [
        FailedItem(index=index, item_id=item_id, code=failure.code, outcome=str(failure.outcome), reason=failure.reason)
        for index, item_id, failure in failures[:keep_failed]
    ]
    return BatchDetails(
        kind=kind,
        items=items,
        seconds=seconds,
        status=status,
        counts=counts,
        failed=failed,
        unreadable=unreadable or Unreadable(),
    )
