"""``GET /openapi/api/v1/limits``: what a caller may send (``contract.md`` 1.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint

from gateway.api.answers import json_answer
from gateway.api.options import refuse_parameters
from gateway.api.request import current_request
from gateway.api.route import Route
from gateway.jobs.job import MOST_PARTS
from gateway.resources.resource import permissions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.admission.rates.limits import RateLimits
    from gateway.api.guard import Guard
    from gateway.api.request import GatewayResponse
    from gateway.auth.principal import Principal
    from gateway.jobs.job import Bounds
    from gateway.resources.resource import Resource

ROUTE = Route("GET", ("/openapi/api/v1/limits",), frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """What holds for a batch of any resource; times in seconds.

    ``concurrency``: calls of one batch at once. ``kept_seconds``: how long an idempotency key is known.
    ``jobs``: None where no job can be had.
    """

    max_items: int
    max_bytes: int
    concurrency: int
    deadline_seconds: float
    kept_seconds: float
    languages: Sequence[str]
    rates: RateLimits
    jobs: Bounds | None

    def shown(self, caller: Principal) -> dict[str, object]:
        """As ``caller`` meets them."""
        return {
            "max_items": self.max_items,
            "max_bytes": self.max_bytes,
            "rate": self.rates.policy("items", caller.rate),
            "concurrency": self.concurrency,
            "deadline_seconds": self.deadline_seconds,
            "idempotency_seconds": self.kept_seconds,
            "languages": list(self.languages),
            "jobs": self.jobs and _of_jobs(self.jobs),
        }


def _of_jobs(bounds: Bounds) -> dict[str, object]:
    return {"max_job_items": bounds.job_items, "max_parts": MOST_PARTS, "live_jobs": bounds.live_jobs}


class LimitsEndpoint:
    """Shows a caller the resources that it may update, and refuses whom a batch of each would be refused."""

    def __init__(self, resources: Sequence[Resource], guard: Guard, limits: BatchLimits) -> None:
        self._resources = resources
        self._guard = guard
        self._limits = limits

    def show(self) -> GatewayResponse:
        request = current_request()
        caller = self._guard.identify(request, *permissions_of(self._resources))
        refuse_parameters(request)
        allowed = [each.plural for each in self._resources if self._guard.allows(caller, each.permission)]
        shown = {plural: self._limits.shown(caller) for plural in allowed}
        return json_answer(shown, headers={"Cache-Control": "no-store"})


def blueprint(endpoint: LimitsEndpoint) -> Blueprint:
    routes = Blueprint("limits", __name__)
    for rule in ROUTE.rules:
        routes.add_url_rule(rule, view_func=endpoint.show, methods=[ROUTE.method])
    return routes
