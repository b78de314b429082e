"""Outcomes → the body and headers of the answer (hop 8); the only place that builds a success body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from flask import Response

from gateway.api.problems import Problem
from gateway.outcome import ItemError, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.outcome import Outcome


def json_answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``document`` as ``application/json``."""
    return Response(orjson.dumps(document), status, dict(headers or {}), content_type="application/json")


def batch_answer(items: Sequence[Mapping[str, object]], outcomes: Sequence[Outcome]) -> Response:
    """The answer for a batch that was run. Raises Problem where no item was updated (``contract.md`` 1.3)."""
    result = verdict(outcomes)
    if result.status == 200:
        return json_answer({"data": outcomes})
    errors = [
        outcome.body(index, items[index]["actionId"])
        for index, outcome in enumerate(outcomes)
        if isinstance(outcome, ItemError)
    ]
    headers = {} if result.retry_after is None else {"Retry-After": str(result.retry_after)}
    if result.problem:
        raise Problem(
            result.problem,
            _detail(result.problem, len(errors)),
            headers=_patient(result.status, headers),
            errors=errors,
        )
    succeeded = [outcome for outcome in outcomes if not isinstance(outcome, ItemError)]
    return json_answer({"data": succeeded, "errors": errors}, 207, headers)


def _patient(status: int, headers: dict[str, str]) -> dict[str, str]:
    """A 503 always says when to come back."""
    return {"Retry-After": "1", **headers} if status == 503 else headers


def _detail(slug: str, count: int) -> str:
    items = "The action was" if count == 1 else f"None of the {count} actions was"
    ending = {
        "core-rejected": " updated: the core refused at least one."
        if count > 1
        else " not updated: the core refused it.",
        "not-found": " found." if count > 1 else " not found.",
    }.get(slug, " updated; read the outcome of each." if count > 1 else " not updated; read its outcome.")
    return items + ending
