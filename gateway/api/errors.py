"""Every error becomes a problem document."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson
from flask import Flask, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, MethodNotAllowed

from gateway.api.answers import BatchFailed
from gateway.api.over_rate import OverRate
from gateway.api.pages.page import nothing_here
from gateway.api.request import GatewayResponse, current_request
from gateway.api.validation import invalid_request
from gateway.problems import MEDIA_TYPE, Problem, types_base
from gateway.serving.broken_body import BrokenBody

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.api.request import GatewayRequest

_log = logging.getLogger(__name__)
_OF_STATUS: Mapping[int, str] = {
    404: "no-such-page",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "request-timeout",
    413: "body-too-large",
    414: "uri-too-long",
    415: "unsupported-media-type",
    417: "expectation-failed",
    431: "headers-too-large",
    501: "not-implemented",
    503: "temporarily-unavailable",
}


def register(app: Flask, base_url: str) -> None:
    """Answer every error of ``app``; types start with ``base_url`` or the caller's address."""

    def of_problem(problem: Problem) -> GatewayResponse:
        return respond(problem, base_url)

    def of_framework(error: HTTPException) -> GatewayResponse:
        # The request holds this error, and the error's frames hold the request.
        # To clear such circles, the collector would stop the loop for 60 ms.
        current_request().routing_exception = None
        return respond(from_framework(error), base_url)

    def of_fault(error: Exception) -> GatewayResponse:
        _log.error("unhandled_fault", exc_info=error, extra={"method": request.method, "rule": str(request.url_rule)})
        return respond(Problem("internal-error", "The gateway failed on this request."), base_url)

    app.register_error_handler(Problem, of_problem)
    app.register_error_handler(HTTPException, of_framework)
    app.register_error_handler(Exception, of_fault)


def respond(problem: Problem, base_url: str) -> GatewayResponse:
    body = orjson.dumps(problem.body(types_base(base_url, request.scheme, request.host), current_request().id))
    response = GatewayResponse(body, problem.status, content_type=MEDIA_TYPE)
    if problem.slug == "no-such-page":
        response.headers["Vary"] = "Accept"
        if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
            response = _page_of_nothing(problem.status)
    _note(problem, current_request())
    response.headers.update(problem.headers)
    return response


def _page_of_nothing(status: int) -> GatewayResponse:
    # As it was sent: an escaped slash is none to a browser.
    sent = request.environ.get("RAW_URI", request.path).partition("?")[0]
    shown = nothing_here(sent)
    return GatewayResponse(shown.get_data(), status, headers=shown.headers)


def _note(problem: Problem, request: GatewayRequest) -> None:
    request.problem = problem.slug
    if isinstance(problem, OverRate):
        request.policy = problem.policy
    elif not isinstance(problem, BatchFailed):
        request.invalid = invalid_request(problem)


def from_framework(error: HTTPException) -> Problem:
    status = error.code or 500
    slug = _OF_STATUS.get(status, "bad-request" if status < 500 else "internal-error")
    headers = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return Problem(slug, _detail(error, slug), status=status, headers=headers)


def _detail(error: HTTPException, slug: str) -> str:
    """Empty where the advice of the type says it."""
    if isinstance(error, ClientDisconnected):
        return BrokenBody.detail
    return "The request cannot be read as HTTP; nothing of it was run." if slug == "bad-request" else ""
