"""What the application serves: one line per resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import NotFound

from gateway.api import bulk, errors, integrations, request_log
from gateway.api.pages import docs, health, problem_pages
from gateway.api.request import current_request
from gateway.resources.actions import actions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Blueprint, Flask

    from gateway.api.route import Route
    from gateway.resources.resource import MakeResource, Resource
    from gateway.telemetry.events import Telemetry

RESOURCES: Sequence[MakeResource] = (actions,)
"""The bulk resources: each is served at its own path."""


def routes(resources: Sequence[Resource]) -> list[Route]:
    """Every operation of the contract."""
    return [*map(bulk.route, resources), integrations.ROUTE]


def register(
    app: Flask,
    *,
    telemetry: Telemetry,
    base_url: str,
    resources: Sequence[Resource],
    services: bulk.BulkServices,
    integration: integrations.IntegrationEndpoint,
    checks: Mapping[str, health.Check],
    document: dict[str, Any],
    docs_page: bool,
) -> None:
    """Put everything on ``app``; problem types start with ``base_url``."""
    register_errors(app, telemetry, base_url)
    for resource in resources:
        app.register_blueprint(bulk.blueprint(resource, services))
    app.register_blueprint(integrations.blueprint(integration))
    app.register_blueprint(health.blueprint(checks))
    app.register_blueprint(problem_pages.blueprint())
    app.register_blueprint(docs.blueprint(document, with_page=docs_page))


def register_errors(app: Flask, telemetry: Telemetry, base_url: str) -> None:
    """Request ids, one spelling of a path, one shape for errors."""
    request_log.register(app, telemetry)
    app.before_request(_refuse_other_spellings)
    errors.register(app, base_url)


def register_pages(app: Flask, pages: Sequence[Blueprint]) -> None:
    for page in pages:
        app.register_blueprint(page)


def _refuse_other_spellings() -> None:
    """Raises NotFound for a path in another spelling."""
    # A proxy's rule for a path would not see its other spellings.
    request = current_request()
    path = request.environ.get("RAW_URI", "").partition("?")[0]
    # Flask would undo escapes, and drop slashes in front.
    if "%" in path or request.environ["PATH_INFO"].startswith("//"):
        request.url_rule = None
        raise NotFound
