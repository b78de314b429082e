"""Problem documents for requests that gunicorn refuses."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from gunicorn.http import errors as http_errors
from ulid import ULID

from gateway.problems import MEDIA_TYPE, Problem, types_base
from gateway.serving.client_request import HeadTimeout
from gateway.serving.fields import RepeatedField

_REFUSALS = (
    (HeadTimeout, "request-timeout", "The head of the request did not arrive in time."),
    (http_errors.LimitRequestLine, "uri-too-long", "The request line is too long."),
    (http_errors.LimitRequestHeaders, "headers-too-large", ""),
    (http_errors.UnsupportedTransferCoding, "not-implemented", "The transfer coding is not supported."),
    (http_errors.ExpectationFailed, "expectation-failed", "The expectation cannot be met."),
    (http_errors.ParseException, "bad-request", "The request is not well-formed HTTP."),
)


def problem_of(exc: BaseException) -> Problem:
    """The problem for an error of gunicorn."""
    # gunicorn's own text would repeat the input.
    if isinstance(exc, RepeatedField):
        return Problem("bad-request", f"{exc.field} must be sent once.")
    for kind, slug, detail in _REFUSALS:
        if isinstance(exc, kind):
            return Problem(slug, detail)
    return Problem("internal-error", "The gateway failed on this request.")


def response_bytes(problem: Problem, exc: BaseException, public_url: str) -> bytes:
    """The whole HTTP response."""
    request_id = str(ULID())
    scheme, host = getattr(exc, "asked_of", ("", ""))
    body = orjson.dumps(problem.body(types_base(public_url, scheme, host), request_id))
    head = (
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\nContent-Type: {MEDIA_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nX-Request-ID: {request_id}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body
