from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint

from gateway.api.jobs.shown import PATH
from gateway.api.route import Route

if TYPE_CHECKING:
    from gateway.api.jobs.endpoint import JobEndpoint

_FOUND = frozenset({"job-not-found", "jobs-unavailable"})
_JOB = f"{PATH}/<job_id>"


class Path(NamedTuple):
    """``view``: the method of JobEndpoint."""

    view: str
    route: Route


def _path(view: str, method: str, rule: str, *problems: str) -> Path:
    return Path(view, Route(method, (rule,), frozenset(problems) | _FOUND))


PATHS = (
    _path("create", "POST", PATH, "too-many-jobs", "idempotency-key-reused"),
    _path("list", "GET", PATH),
    _path("show", "GET", _JOB),
    _path("end", "DELETE", _JOB, "job-state"),
    _path(
        "put_part", "PUT", f"{_JOB}/parts/<number>", "job-state", "job-part-differs", "job-too-large", "batch-too-large"
    ),
    _path("start", "POST", f"{_JOB}/start", "job-state", "job-parts-missing"),
    _path("pause", "POST", f"{_JOB}/pause", "job-state"),
    _path("resume", "POST", f"{_JOB}/resume", "job-state"),
    _path("retry", "POST", f"{_JOB}/retry", "job-state", "job-nothing-to-retry", "too-many-jobs", "job-too-large"),
    _path("results", "GET", f"{_JOB}/results"),
)


def blueprint(endpoint: JobEndpoint) -> Blueprint:
    routes = Blueprint("jobs", __name__)
    for path in PATHS:
        for rule in path.route.rules:
            routes.add_url_rule(
                rule, view_func=getattr(endpoint, path.view), methods=[path.route.method], endpoint=path.view
            )
    return routes
