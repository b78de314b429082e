"""A batch as one line of JSON, and the items' records that are made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import orjson

from gateway.telemetry.events import APPLIED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.telemetry.events import Failure


class Sent(Protocol):
    @property
    def id(self) -> str: ...


class Ended(NamedTuple):
    """A batch that ended. ``to_send``: indexes of the ``calls`` that this run sent, or tried to.

    ``failed`` holds index, item id and error of every item that failed, as its caller was told.
    """

    principal: str
    request_id: str
    resource: str
    calls: Sequence[Sent]
    to_send: Sequence[int]
    failed: Sequence[tuple[int, str, Failure]]
    seconds: float
    key_fingerprint: str = ""
    job: str = ""


Outcomes: TypeAlias = "tuple[str, str, int, Sequence[str]]"
"""So many items of one outcome and code, and their ids, which may be left out."""


class Folded(NamedTuple):
    """What the line of a batch tells. ``at`` is Unix time. It holds nothing else of the batch."""

    at: float
    principal: str
    request_id: str
    key_fingerprint: str
    job: str
    resource: str
    seconds: float
    outcomes: Sequence[Outcomes]


def folded(ended: Ended, at: float, *, with_applied: bool) -> Folded | None:
    """``with_applied``: the ids of applied items too. None where nothing was sent."""
    if not ended.to_send:
        return None
    outcomes = list(_outcomes(ended, with_applied=with_applied))
    about = (ended.principal, ended.request_id, ended.key_fingerprint, ended.job, ended.resource, ended.seconds)
    return Folded(at, *about, outcomes)


def line_of(batch: Folded) -> bytes:
    """With its line break."""
    line = {
        "time": datetime.fromtimestamp(batch.at, UTC),
        # A claim may hold any code point.
        "principal": batch.principal.encode("utf-8", "backslashreplace").decode(),
        "request_id": batch.request_id,
        "key_fingerprint": batch.key_fingerprint,
        "job": batch.job,
        "resource": batch.resource,
        "seconds": round(batch.seconds, 6),
        "items": batch.outcomes,
    }
    return orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _outcomes(ended: Ended, *, with_applied: bool) -> Iterator[Outcomes]:
    failed, calls, to_send = ended.failed, ended.calls, ended.to_send
    if len(to_send) < len(calls):
        # What an earlier run settled stands in that run's line.
        sent = frozenset(to_send)
        failed = [one for one in failed if one[0] in sent]
    if applied := len(to_send) - len(failed):
        yield (*APPLIED, applied, _applied_ids(ended, failed) if with_applied else ())
    by_code: dict[tuple[str, str], list[str]] = {}
    for _, item_id, error in failed:
        by_code.setdefault((str(error.outcome), error.code), []).append(item_id)
    for (outcome, code), ids in by_code.items():
        yield outcome, code, len(ids), ids


def _applied_ids(ended: Ended, failed: Sequence[tuple[int, str, Failure]]) -> list[str]:
    if not failed and len(ended.to_send) == len(ended.calls):
        return [call.id for call in ended.calls]
    others = {index for index, _, _ in failed}
    return [ended.calls[index].id for index in ended.to_send if index not in others]


def unfolded(line: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """A record for each item whose id the line has."""
    about = {name: line[name] for name in ("time", "principal", "request_id", "key_fingerprint", "job", "resource")}
    about = {name: value for name, value in about.items() if value}
    for outcome, code, _, ids in line["items"]:
        for item_id in ids:
            yield {**about, "id": item_id, "outcome": outcome, "code": code}
