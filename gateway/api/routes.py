from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from werkzeug.exceptions import NotFound

from gateway.api import batches, bulk, errors, integrations, request_log
from gateway.api.jobs.routes import PATHS
from gateway.api.pages import limits
from gateway.api.request import current_request
from gateway.resources.actions import actions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Blueprint, Flask

    from gateway.api.route import Route
    from gateway.resources.resource import MakeResource, Resource
    from gateway.telemetry.hooks import Telemetry

RESOURCES: Sequence[MakeResource] = (actions,)
"""The bulk resources: each is served at its own path."""


def of_core_map(core_map: str) -> MakeResource:
    """The resource whose words a map tells: ``core_map`` is its text; empty: the shipped one."""
    return partial(actions, core_map=core_map)


def with_core_map(resources: Sequence[MakeResource], core_map: str) -> list[MakeResource]:
    """The actions among them speak the words of ``core_map``, the text of a map; empty: the shipped one."""
    return [of_core_map(core_map) if make is actions else make for make in resources]


def routes(resources: Sequence[Resource]) -> list[Route]:
    return [
        *map(bulk.route, resources),
        batches.ROUTE,
        *(path.route for path in PATHS),
        limits.ROUTE,
        integrations.ROUTE,
    ]


def register_errors(app: Flask, telemetry: Telemetry, base_url: str) -> None:
    """Request ids, one spelling of a path, one shape for errors."""
    request_log.register(app, telemetry)
    app.before_request(_refuse_other_spellings)
    errors.register(app, base_url)


def register(app: Flask, pages: Sequence[Blueprint]) -> None:
    for page in pages:
        app.register_blueprint(page)


def _refuse_other_spellings() -> None:
    """Raises NotFound."""
    # A proxy's rule for a path would not see its other spellings.
    request = current_request()
    environ = request.environ
    sent = environ.get("RAW_URI", "")
    # Flask would undo escapes, and drop slashes in front. An idempotency key may need escapes, and nothing else is there.
    is_escaped = "%" in sent and "%" in sent.partition("?")[0] and not sent.startswith(batches.PATH)
    if is_escaped or environ["PATH_INFO"].startswith("//"):
        request.url_rule = None
        raise NotFound
