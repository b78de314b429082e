"""Query parameters and preferences of the jobs' paths; each is known or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from gateway.api.jobs.results import Wish
from gateway.jobs.result_lines import Kind
from gateway.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flask import Request

MOST_JOBS_A_PAGE = 100
_FLAGS = {"true": True, "false": False}


def results_wish(request: Request) -> Wish:
    """Raises Problem 400."""
    given = _known(request, ("outcome", "since", "follow"))
    outcome = given.get("outcome")
    if outcome is not None and outcome not in get_args(Kind):
        raise Problem("unknown-parameter", f"outcome must be one of: {', '.join(get_args(Kind))}.")
    return Wish(outcome=cast("Kind | None", outcome), since=given.get("since", ""), follow=_flag(given, "follow"))


def page_wish(request: Request) -> tuple[int, str]:
    """How many jobs, and those before which. Raises Problem 400."""
    given = _known(request, ("limit", "before"))
    limit = given.get("limit", str(MOST_JOBS_A_PAGE))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:4]) <= MOST_JOBS_A_PAGE and len(limit) <= 4):
        raise Problem("unknown-parameter", f"limit must be a number from 1 to {MOST_JOBS_A_PAGE}.")
    return int(limit), given.get("before", "")


def is_dry_run(request: Request) -> bool:
    """Raises Problem 400."""
    return _flag(_known(request, ("dry_run",)), "dry_run")


def _known(request: Request, allowed: Collection[str]) -> Mapping[str, str]:
    for name in request.args:
        if name not in allowed:
            detail = f"The query parameter {name[:100]!r} is not known; allowed: {', '.join(allowed)}."
            raise Problem("unknown-parameter", detail)
        if len(request.args.getlist(name)) > 1:
            raise Problem("unknown-parameter", f"{name} must be given once.")
    return {name: value[:200] for name, value in request.args.items()}


def _flag(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "false")
    if value not in _FLAGS:
        raise Problem("unknown-parameter", f"{name} must be true or false.")
    return _FLAGS[value]
