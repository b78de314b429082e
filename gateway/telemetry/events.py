"""What is reported of requests and batches, and the port that takes it."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from legacy_client.calls import Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_log = logging.getLogger(__name__)
DetailsT = TypeVar("DetailsT")

BatchKind = Literal["sync", "stream", "single"]
"""A batch with one answer, one answered line by line, or a single call."""
ReplayKind = Literal["replayed", "resumed"]
"""Whether a repeat got its stored answer, or was completed."""
APPLIED = ("applied", "ok")


class Failure(Protocol):
    @property
    def code(self) -> str:
        """One of ``gateway.item_codes``."""
        ...

    @property
    def outcome(self) -> str:
        """``not_applied``, ``not_sent`` or ``unknown``."""
        ...

    @property
    def reason(self) -> str:
        """For operators: errno, TLS alert or status, without data of the item. May be empty."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    index: int
    item_id: str
    code: str
    outcome: str
    reason: str = ""


@dataclass(slots=True)
class Unreadable:
    """Answers about updated items with unreadable fields. ``item_id`` is the first one's."""

    answers: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    item_id: str = ""

    def add(self, item_id: str, names: Iterable[str]) -> None:
        """``names`` are dotted paths; their list indexes are dropped."""
        self.answers += 1
        self.item_id = self.item_id or item_id
        for name in names:
            place = ".".join(part for part in name.split(".") if not part.isdigit())
            self.fields[place] = self.fields.get(place, 0) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidRequest:
    """What validation found. ``codes`` and ``fields`` count the errors that its caller was shown, ``errors`` are all.

    ``fields`` are names of the contract, never what a caller sent. ``index`` is the first invalid item's; None: the document.
    """

    errors: int
    codes: Mapping[str, int]
    fields: Mapping[str, int]
    index: int | None = None


# Each request makes one; frozen, that would cost three times as much.
@dataclass(slots=True, kw_only=True)
class BatchDetails:
    """``seconds`` is the whole fan-out, and ``waits`` are part of it. ``failed`` may be cut short.

    ``principal_id`` and ``partner`` say whose it is, as in RequestDetails.
    """

    kind: BatchKind
    items: int
    seconds: float
    status: int
    counts: Mapping[tuple[str, str], int]
    failed: Sequence[FailedItem] = ()
    unreadable: Unreadable = field(default_factory=Unreadable)
    waits: Waits = field(default_factory=Waits)
    principal_id: str = ""
    partner: str = ""

    @property
    def succeeded(self) -> int:
        return self.counts.get(APPLIED, 0)


# Each request makes one; frozen, that would cost three times as much.
@dataclass(slots=True, kw_only=True)
class RequestDetails:
    """``route`` is the rule that matched, never the path; empty if none did.

    ``problem`` is the last part of the problem's ``type``, empty on success; ``invalid`` goes with ``validation-failed``.
    ``policy`` names the rate that a 429 is about. ``partner``: of the operator's partners, empty where there are none.
    """

    method: str
    route: str
    status: int
    seconds: float
    request_id: str
    principal_id: str = ""
    key_fingerprint: str = ""
    partner: str = ""
    problem: str = ""
    invalid: InvalidRequest | None = None
    policy: str = ""
    received_bytes: int = 0
    sent_bytes: int = 0
    replay: ReplayKind | None = None
    batch: BatchDetails | None = None


class Telemetry(Protocol):
    """Called once per request and once per batch, never per item. Must not raise."""

    def request_ended(self, request: RequestDetails) -> None: ...

    def batch_ended(self, batch: BatchDetails) -> None: ...


class Silent:
    def request_ended(self, request: RequestDetails) -> None: ...

    def batch_ended(self, batch: BatchDetails) -> None: ...


class FanOut:
    """A hook that fails is logged; the others still run."""

    def __init__(self, hooks: Sequence[Telemetry]) -> None:
        self._hear_requests = _heard_by(hooks, "request_ended")
        self._hear_batches = _heard_by(hooks, "batch_ended")

    def request_ended(self, request: RequestDetails) -> None:
        _tell(self._hear_requests, request)

    def batch_ended(self, batch: BatchDetails) -> None:
        _tell(self._hear_batches, batch)


def _heard_by(hooks: Sequence[Telemetry], event: str) -> list[tuple[str, Callable[[Any], None]]]:
    """Those that do something about it, with their names."""
    return [
        (type(hook).__name__, getattr(hook, event))
        for hook in hooks
        if getattr(type(hook), event, None) is not getattr(Silent, event)
    ]


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
    waits: Waits | None = None,
    principal_id: str = "",
    partner: str = "",
) -> BatchDetails:
    """``failures`` holds index, item id and error."""
    counts: dict[tuple[str, str], int] = {}
    if failures:
        counts |= Counter((str(failure.outcome), failure.code) for _, _, failure in failures)
    if len(failures) < items:
        counts[APPLIED] = items - len(failures)
    return BatchDetails(
        kind=kind,
        items=items,
        seconds=seconds,
        status=status,
        counts=counts,
        failed=[_failed_item(*failure) for failure in failures[:keep_failed]] if failures else [],
        unreadable=unreadable or Unreadable(),
        waits=waits or Waits(),
        principal_id=principal_id,
        partner=partner,
    )


def _failed_item(index: int, item_id: str, failure: Failure) -> FailedItem:
    return FailedItem(
        index=index, item_id=item_id, code=failure.code, outcome=str(failure.outcome), reason=failure.reason
    )
