"""The request and the answer with what the log is told of them at the end: Flask's own classes, with attributes of their own."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flask import Request, Response
from flask.globals import request_ctx
from ulid import ULID

if TYPE_CHECKING:
    from gateway.telemetry.events import BatchDetails, ReplayKind

_WELL_FORMED = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")
# An id of zeros is none (W3C Trace Context, section 3.2.2).
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class GatewayRequest(Request):
    """``id`` is the caller's X-Request-ID if it is well-formed, else a new one; ``principal_id`` is empty until known.

    ``answer_headers`` go on the answer, whatever it is.
    """

    def __init__(self, environ: dict[str, Any], populate_request: bool = True, shallow: bool = False) -> None:
        """As Flask makes it."""
        super().__init__(environ, populate_request, shallow)
        self.began = time.perf_counter()
        given = environ.get("HTTP_X_REQUEST_ID", "")
        self.id = given if _WELL_FORMED.fullmatch(given) else str(ULID())
        self.principal_id = ""
        self.answer_headers: dict[str, str] = {}

    def traceparent(self) -> str:
        """The caller's W3C trace context if it is well-formed, else the start of a new, unsampled one."""
        given = self.headers.get("traceparent", "")
        if _TRACEPARENT.fullmatch(given):
            return given
        ids = secrets.token_hex(24)
        return f"00-{ids[:32]}-{ids[32:]}-00"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNotes:
    """What an answer leaves for the request's log line and counters."""

    problem: str = ""
    replay: ReplayKind | None = None
    batch: BatchDetails | None = None


class GatewayResponse(Response):
    """``log_notes`` is set by whoever builds the answer."""

    log_notes = LogNotes()


def current_request() -> GatewayRequest:
    """The request under way; without Flask's proxy, which looks it up again for each attribute."""
    return cast("GatewayRequest", request_ctx.request)
