"""Requests that the worker itself refuses."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import orjson
from gunicorn.http import errors as http_errors

from gateway.problems import MEDIA_TYPE, Problem, types_base
from gateway.reason_phrases import REASON_PHRASES
from gateway.serving.client_request import HeadTimeout
from gateway.serving.fields import RepeatedField
from gateway.serving.partial_head import PartialHead
from gateway.telemetry.context import request_id
from gateway.telemetry.details import RequestDetails

_log = logging.getLogger(__name__)
# Without a text the advice of the type stands there. gunicorn's own texts would repeat the input.
_REFUSALS = (
    (HeadTimeout, "request-timeout", "The head of the request did not arrive in time."),
    (http_errors.LimitRequestLine, "uri-too-long", ""),
    (http_errors.LimitRequestHeaders, "headers-too-large", ""),
    (http_errors.UnsupportedTransferCoding, "not-implemented", ""),
    (http_errors.ExpectationFailed, "expectation-failed", ""),
    # These two are of the answer, though gunicorn derives them from those of the request.
    (http_errors.InvalidResponseHeader, "internal-error", "The gateway failed on this request."),
    (http_errors.InvalidResponseHeaderName, "internal-error", "The gateway failed on this request."),
    (http_errors.InvalidRequestMethod, "bad-request", "The method must be 3 to 20 letters in upper case."),
    (http_errors.InvalidHTTPVersion, "bad-request", "The version must be HTTP/1.0 or HTTP/1.1."),
    (
        http_errors.InvalidRequestLine,
        "bad-request",
        "The request line must be a method, a target without a fragment, and HTTP/1.1; it ends with CRLF.",
    ),
    (http_errors.ObsoleteFolding, "bad-request", "Each header field must stand on one line."),
    (
        http_errors.InvalidHeaderName,
        "bad-request",
        "The name of a header field has a character that is not allowed, such as a space.",
    ),
    (
        http_errors.InvalidHeader,
        "bad-request",
        "Each header field must be a name, a colon, and a value without control characters; its line ends with CRLF.",
    ),
    (http_errors.ParseException, "bad-request", "The request is not well-formed HTTP."),
    (BaseException, "internal-error", "The gateway failed on this request."),
)
# Only names that gunicorn or the worker wrote, for its other texts are the caller's.
_FIELDS = {
    "HOST": ("Host", "Host must be one host name or address, with a port or without."),
    "CONTENT-LENGTH": ("Content-Length", "Content-Length must be digits, and not be beside Transfer-Encoding."),
    "TRANSFER-ENCODING": ("Transfer-Encoding", "Transfer-Encoding must be chunked, once, and in HTTP/1.1."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """``field`` is the header field that is wrong, if it is one that can be named."""

    problem: Problem
    field: str
    head: PartialHead
    request_id: str
    body: bytes

    @classmethod
    def of(cls, exc: BaseException, head: PartialHead | None, public_url: str) -> Refusal:
        """``exc`` is an error of gunicorn."""
        head = head or PartialHead()
        problem, field = _read(exc)
        own_id = request_id(head.request_id)
        body = orjson.dumps(problem.body(types_base(public_url, head.scheme, head.host), own_id))
        return cls(problem=problem, field=field, head=head, request_id=own_id, body=body)

    def log(self, exc: BaseException, peer: str) -> None:
        """``peer`` is the address of who sent it, a proxy's if there is one."""
        extra = {"request_id": self.request_id, "peer": peer}
        if self.problem.status == 500:  # 501 is a client's doing, and a traceback would hold what it sent.
            _log.error("request_failed_before_the_application", exc_info=exc, extra=extra)
            return
        extra |= {"error": type(exc).__name__, **({"field": self.field} if self.field else {})}
        _log.info("request_refused", extra={**extra, "status": self.problem.status})

    def details(self) -> RequestDetails:
        return RequestDetails(
            method=self.head.method,
            route="",
            status=self.problem.status,
            seconds=time.perf_counter() - self.head.began,
            request_id=self.request_id,
            problem=self.problem.slug,
            sent_bytes=len(self.body),
        )

    def response_bytes(self) -> bytes:
        status = self.problem.status
        head = (
            f"HTTP/1.1 {status} {REASON_PHRASES[status]}\r\nContent-Type: {MEDIA_TYPE}\r\n"
            f"Content-Length: {len(self.body)}\r\nX-Request-ID: {self.request_id}\r\nConnection: close\r\n\r\n"
        )
        return head.encode("latin-1") + self.body


def _read(exc: BaseException) -> tuple[Problem, str]:
    """The header field that the error is about, too."""
    if isinstance(exc, RepeatedField):
        return Problem("bad-request", f"{exc.field} must be sent once."), exc.field
    if isinstance(exc, http_errors.InvalidHeader) and exc.hdr in _FIELDS:
        field, detail = _FIELDS[exc.hdr]
        return Problem("bad-request", detail), field
    slug, detail = next((slug, detail) for kind, slug, detail in _REFUSALS if isinstance(exc, kind))
    return Problem(slug, detail), ""
