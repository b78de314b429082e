"""An answer to a batch, read: what became of each item, or what to do instead (``docs/partners/errors.md``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.outcome import Failure, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cli.connection import Answer
    from cli.cutting import Body

_QUOTA = re.compile(r'"items";q=(\d{1,18})')
_OUTCOMES: Mapping[str, Kind] = {"not_applied": "not_applied", "not_sent": "not_sent", "unknown": "unknown"}
_PASSING = frozenset({408, 409, 500, 502, 503, 504})
_MOST_WAIT = 3600


@dataclass(frozen=True, slots=True)
class Results:
    """Each item ended. ``updated`` are the applied ones by their place in the chunk."""

    failures: Sequence[Failure]
    updated: Mapping[int, Mapping[str, Any]]
    retry_after: float | None = None

    @property
    def retryable(self) -> int:
        return sum(failure.retryable for failure in self.failures)


@dataclass(frozen=True, slots=True)
class Invalid:
    """Nothing was applied: these items are invalid to the gateway."""

    failures: Sequence[Failure]


@dataclass(frozen=True, slots=True)
class TooLarge:
    """Nothing was applied. A limit of None was not named."""

    max_items: int | None
    max_bytes: int | None
    said: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing was applied by this call, and it goes through later: over the rate, or the key's first request still runs."""

    seconds: float
    said: str


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing can be read of it. ``may_have_left``: items may have been applied."""

    seconds: float | None
    said: str
    may_have_left: bool


@dataclass(frozen=True, slots=True)
class Denied:
    """401 or 403."""

    said: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Something that no repeat of any chunk can mend."""

    said: str


Verdict = Results | Invalid | TooLarge | Pause | Again | Denied | Stop


def read(answer: Answer, body: Body) -> Verdict:
    """What ``answer`` says of ``body``."""
    if (results := _results(answer, body)) is not None:
        return results
    status = answer.status
    if status in {401, 403} and answer.kind:
        return Denied(answer.said)
    if status == 400 and answer.kind == "validation-failed" and (invalid := invalid_items(answer, body)):
        return Invalid(invalid)
    if status == 413:
        limits = [whole_number(answer.document.get(name)) for name in ("max_items", "max_bytes")]
        return TooLarge(limits[0], limits[1], answer.said)
    if status == 429:
        return _over_rate(answer)
    if status == 409 and answer.retry_after is not None:
        # The first request with this key still runs, or its worker died: the gateway says when that is over.
        return Pause(answer.retry_after, answer.said)
    if status == 0 or status >= 500 or status in _PASSING or status in {200, 207} or not answer.kind:
        # A proxy's page may stand for anything; the gateway's own 503, 408 and 409 applied nothing by this call.
        is_sure = bool(answer.kind) and status in {408, 409, 503}
        return Again(answer.retry_after, answer.said, may_have_left=not is_sure)
    return Stop(answer.said)


def _over_rate(answer: Answer) -> Verdict:
    if answer.retry_after is not None:
        return Pause(answer.retry_after, answer.said)
    quota = _QUOTA.search(answer.rate_policy)
    if quota:
        return TooLarge(int(quota[1]), None, answer.said)
    return Again(None, answer.said, may_have_left=False)


def _results(answer: Answer, body: Body) -> Results | None:
    """None where the answer does not account for every item."""
    document, places = answer.document, list(body.ids)
    errors = document.get("errors", [])
    if not isinstance(errors, list) or not all(isinstance(error, dict) and "outcome" in error for error in errors):
        return None
    failures = [failure for error in errors if (failure := _failure(error, body.ids, places)) is not None]
    nothing: list[Any] | None = [] if failures else None
    updated = document.get("data") if answer.status in {200, 207} else nothing
    failed = {failure.place for failure in failures}
    if not isinstance(updated, list) or len(failures) != len(errors) or len(failed) + len(updated) != len(places):
        return None
    applied = [place for place in places if place not in failed]
    if not all(_names(item, body.ids[place]) for place, item in zip(applied, updated, strict=True)):
        return None
    seconds = _told_by_items(errors) if answer.retry_after is None else answer.retry_after
    return Results(failures, dict(zip(applied, updated, strict=True)), seconds)


def _told_by_items(errors: Sequence[Mapping[str, Any]]) -> float | None:
    """The longest wait of an item that can be repeated: the header is absent while any is unknown (``contract.md`` 1.3)."""
    told = [whole_number(error.get("retry_after")) or 0 for error in errors if error.get("retryable") is True]
    longest = max(told, default=0)
    return float(min(longest, _MOST_WAIT)) if longest else None


def _failure(error: Mapping[str, Any], ids: Mapping[int, str], places: Sequence[int]) -> Failure | None:
    index = error.get("index")
    if not isinstance(index, int) or not 0 <= index < len(places) or not _names(error, ids[places[index]]):
        return None
    return failure_at(places[index], error)


def _names(told: object, item_id: str) -> bool:
    """Whether what is told is of this item: another's id would tell a row wrongly. An id may be left out."""
    if not isinstance(told, dict):
        return False
    named = told.get("actionId")
    # The gateway takes an id's leading zeros away, and a core may spell a UUID its own way.
    return named is None or str(named).lstrip("0").casefold() == item_id.lstrip("0").casefold()


def failure_at(place: int, error: Mapping[str, Any]) -> Failure:
    """An item's ``error`` (``contract.md`` 1.3)."""
    # An outcome that is not known may mean anything (docs/partners/compatibility.md).
    kind = _OUTCOMES.get(str(error.get("outcome")), "unknown")
    detail = " ".join([str(error.get("detail", "")), *_words(error)])
    return Failure(place, str(error.get("code", "")), detail, kind, error.get("retryable") is True)


def _words(error: Mapping[str, Any]) -> list[str]:
    """The core's own: by field, else as one message."""
    by_field = error.get("errors")
    if isinstance(by_field, dict):
        return [
            f"{name}: {' '.join(map(str, said if isinstance(said, list) else [said]))}"
            for name, said in by_field.items()
        ]
    return [str(error["message"])] if error.get("message") else []


def invalid_items(answer: Answer, body: Body) -> list[Failure]:
    """One failure for each item that is named, with all that is wrong with it."""
    places, said = list(body.ids), dict[int, list[tuple[str, str]]]()
    errors = answer.document.get("errors")
    for error in errors if isinstance(errors, list) else []:
        index = error.get("index") if isinstance(error, dict) else None
        if isinstance(index, int) and 0 <= index < len(places):
            where = f"{error['field']}: " if error.get("field") else ""
            said.setdefault(places[index], []).append((str(error.get("code", "")), f"{where}{error.get('detail', '')}"))
    return [
        Failure(place, found[0][0], " ".join(text for _, text in found), "not_applied", False)
        for place, found in said.items()
    ]


def whole_number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
