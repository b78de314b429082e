"""``/status/batches`` and ``/status/audit``: what the audit trail holds, read-only."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from gateway.api.answers import json_answer
from gateway.audit.search import Wish, lines, parse_since, records
from gateway.audit.sink import AuditUnavailable
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.audit.sink import Sink

    Records = list[dict[str, Any]]

_BATCHES, _RECORDS = 50, 200
# A page must not read a whole trail; the command does.
_MOST_LINES = 100_000
_NAMES = ("item", "principal", "request", "since")


def blueprint(sink: Sink, aside: Callable[[Callable[[], None]], None]) -> Blueprint:
    """``aside`` runs what may wait for a disk."""
    routes = Blueprint("trail", __name__)

    def answer(read: Callable[[], Records]) -> Response:
        found: Records = []
        try:
            aside(lambda: found.extend(read()))
        except AuditUnavailable as exc:
            raise Problem("temporarily-unavailable", f"The audit trail cannot be read: {exc.reason}.") from exc
        return json_answer({"data": found}, headers={"Cache-Control": "no-store"})

    @routes.get("/status/batches")
    def batches() -> Response:
        return answer(lambda: [_without_ids(line) for line in lines(sink, Wish(), _BATCHES)])

    @routes.get("/status/audit")
    def audit() -> Response:
        wish = _wish()
        return answer(lambda: list(islice(records(sink, wish, _MOST_LINES), _RECORDS)))

    return routes


def _without_ids(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "items": [outcomes[:3] for outcomes in line["items"]]}


def _wish() -> Wish:
    """Raises Problem 400."""
    given = dict(request.args.items())
    if unknown := given.keys() - set(_NAMES):
        raise Problem(
            "unknown-parameter", f"Not known: {', '.join(sorted(unknown))[:100]}; allowed: {', '.join(_NAMES)}."
        )
    try:
        since = parse_since(given["since"], datetime.now(UTC)) if "since" in given else None
    except ValueError as exc:
        raise Problem("unknown-parameter", f"since {exc}.") from exc
    return Wish(given.get("item", ""), given.get("principal", ""), given.get("request", ""), since)
