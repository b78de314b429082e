"""The details of a request and of a batch, made once for each."""

# No dataclasses: compiled, they would cost ten times as much.

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gateway.telemetry.events import APPLIED, FailedItem
from legacy_client.call_context import Waits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.telemetry.events import BatchKind, Failure, InvalidRequest, ReplayKind


class Unreadable:
    """Answers about updated items with unreadable fields. ``item_id`` is the first one's."""

    __slots__ = ("answers", "fields", "item_id")

    def __init__(self, answers: int = 0) -> None:
        self.answers = answers
        self.fields: dict[str, int] = {}
        self.item_id = ""

    def add(self, item_id: str, names: Iterable[str]) -> None:
        """``names`` are dotted paths; their list indexes are dropped."""
        self.answers += 1
        self.item_id = self.item_id or item_id
        for name in names:
            place = ".".join([part for part in name.split(".") if not part.isdigit()])
            self.fields[place] = self.fields.get(place, 0) + 1


class BatchDetails:
    """``seconds`` is the whole fan-out, and ``waits`` are part of it. ``failed`` may be cut short.

    ``principal_id`` and ``partner`` say whose it is, as in RequestDetails.
    """

    __slots__ = (
        "counts",
        "failed",
        "items",
        "kind",
        "partner",
        "principal_id",
        "seconds",
        "status",
        "unreadable",
        "waits",
    )

    def __init__(
        self,
        *,
        kind: BatchKind,
        items: int,
        seconds: float,
        status: int,
        counts: Mapping[tuple[str, str], int],
        failed: Sequence[FailedItem] = (),
        unreadable: Unreadable | None = None,
        waits: Waits | None = None,
        principal_id: str = "",
        partner: str = "",
    ) -> None:
        self.kind = kind
        self.items = items
        self.seconds = seconds
        self.status = status
        self.counts = counts
        self.failed = failed
        self.unreadable = unreadable or Unreadable()
        self.waits = waits or Waits()
        self.principal_id = principal_id
        self.partner = partner

    @property
    def succeeded(self) -> int:
        return self.counts.get(APPLIED, 0)


class RequestDetails:
    """``route`` is the rule that matched, never the path; empty if none did.

    ``problem`` is the last part of the problem's ``type``, empty on success; ``invalid`` goes with ``validation-failed``.
    ``policy`` names the rate that a 429 is about. ``partner``: of the operator's partners, empty where there are none.
    ``job`` is the id of the one that the request is about.
    """

    __slots__ = (
        "batch",
        "invalid",
        "job",
        "key_fingerprint",
        "method",
        "partner",
        "policy",
        "principal_id",
        "problem",
        "received_bytes",
        "replay",
        "request_id",
        "route",
        "seconds",
        "sent_bytes",
        "status",
    )

    def __init__(
        self,
        *,
        method: str,
        route: str,
        status: int,
        seconds: float,
        request_id: str,
        principal_id: str = "",
        key_fingerprint: str = "",
        partner: str = "",
        job: str = "",
        problem: str = "",
        invalid: InvalidRequest | None = None,
        policy: str = "",
        received_bytes: int = 0,
        sent_bytes: int = 0,
        replay: ReplayKind | None = None,
        batch: BatchDetails | None = None,
    ) -> None:
        self.method = method
        self.route = route
        self.status = status
        self.seconds = seconds
        self.request_id = request_id
        self.principal_id = principal_id
        self.key_fingerprint = key_fingerprint
        self.partner = partner
        self.job = job
        self.problem = problem
        self.invalid = invalid
        self.policy = policy
        self.received_bytes = received_bytes
        self.sent_bytes = sent_bytes
        self.replay = replay
        self.batch = batch


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
        counts |= Counter([(str(failure.outcome), failure.code) for _, _, failure in failures])
    if len(failures) < items:
        counts[APPLIED] = items - len(failures)
    return BatchDetails(
        kind=kind,
        items=items,
        seconds=seconds,
        status=status,
        counts=counts,
        failed=[_failed_item(*failure) for failure in failures[:keep_failed]] if failures else [],
        unreadable=unreadable,
        waits=waits,
        principal_id=principal_id,
        partner=partner,
    )


def _failed_item(index: int, item_id: str, failure: Failure) -> FailedItem:
    return FailedItem(
        index=index, item_id=item_id, code=failure.code, outcome=str(failure.outcome), reason=failure.reason
    )
