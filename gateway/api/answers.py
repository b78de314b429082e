"""Outcomes → the body and headers of the answer (hop 8); the only place that builds a success body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from flask import Response

from gateway.batch.outcome import verdict
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.batch.outcome import FailedAt, ItemError, Outcome, Verdict

_NOT_UPDATED = (
    "The action was not updated; read its outcome.",
    "None of the {} actions was updated; read the outcome of each.",
)
_UNKNOWN = (
    "It is not known whether the action was updated; read its outcome.",
    "None of the {} actions is known to be updated, and at least one may be; read the outcome of each.",
)
# For one item, and for several.
_DETAILS: Mapping[str, tuple[str, str]] = {
    "core-rejected": (
        "The action was not updated: the core refused it.",
        "None of the {} actions was updated: the core refused at least one.",
    ),
    "not-found": ("The action was not found.", "None of the {} actions was found."),
    "core-failed": _UNKNOWN,
    "core-timed-out": _UNKNOWN,
}


def json_answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``document`` as ``application/json``."""
    return _answer(orjson.dumps(document), status, headers or {})


def batch_answer(
    result: Verdict, outcomes: Sequence[Outcome], failed: Sequence[FailedAt], headers: Mapping[str, str]
) -> Response:
    """The answer for a batch that was run. Raises Problem where no item was updated (``contract.md`` 1.3)."""
    actions = b",".join([outcome for outcome in outcomes if type(outcome) is bytes])
    if not failed:
        return _answer(b'{"data":[%b]}' % actions, 200, headers)
    errors = [error.body(index, action_id) for index, action_id, error in failed]
    headers = {**headers, **_retry_after(result)}
    if result.problem:
        raise Problem(
            result.problem,
            _detail(result.problem, len(errors)),
            headers=headers,
            errors=errors,
        )
    return _answer(b'{"data":[%b],"errors":%b}' % (actions, orjson.dumps(errors)), 207, headers)


def single_failure(error: ItemError, action_id: str) -> Problem:
    """The problem for the one call of a request that failed (``contract.md`` section 2)."""
    result = verdict([error])
    slug = "conflict" if error.code == "conflict" else result.problem
    return Problem(slug, error.detail, headers=_retry_after(result), errors=[error.body(None, action_id)])


def _answer(body: bytes, status: int, headers: Mapping[str, str]) -> Response:
    return Response(body, status, dict(headers), content_type="application/json")


def _retry_after(result: Verdict) -> dict[str, str]:
    """A 503 always says when to come back."""
    seconds = 1 if result.status == 503 and result.retry_after is None else result.retry_after
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _detail(slug: str, count: int) -> str:
    """One sentence on all items; it claims of none that it was not updated where that is not known."""
    one, many = _DETAILS.get(slug, _NOT_UPDATED)
    return one if count == 1 else many.format(count)
