from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flask import Request, Response
from flask.globals import request_ctx

from gateway.telemetry.context import request_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.telemetry.events import BatchDetails, ReplayKind

# Zeros are no id (W3C Trace Context section 3.2.2).
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class GatewayRequest(Request):
    """``answer_headers`` go on the answer, even on an error. ``key_fingerprint`` stands for the idempotency key in logs."""

    def __init__(self, environ: dict[str, Any], populate_request: bool = True, shallow: bool = False) -> None:
        # No other protocol is spoken (RFC 9110 section 7.8). Flask would look for a route of a websocket.
        environ.pop("HTTP_UPGRADE", None)
        super().__init__(environ, populate_request, shallow)
        self.began = time.perf_counter()
        self.id = request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        self.principal_id = ""
        self.key_fingerprint = ""
        self.partner = ""
        self.answer_headers: dict[str, str] = {}

    def add_rate(self, fields: Mapping[str, str]) -> None:
        """A rate goes beside one that the answer has: the fields are lists (RFC 9651 section 3.1)."""
        for name, value in fields.items():
            other = self.answer_headers.get(name)
            self.answer_headers[name] = ", ".join(sorted((other, value))) if other else value

    def traceparent(self) -> str:
        """The caller's trace context, or a new, unsampled one."""
        given = self.headers.get("traceparent", "")
        if _TRACEPARENT.fullmatch(given):
            return given
        ids = secrets.token_hex(24)
        return f"00-{ids[:32]}-{ids[32:]}-00"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNotes:
    """``policy`` is the rate of a 429. ``sent_bytes`` counts where the answer has no length."""

    problem: str = ""
    policy: str = ""
    replay: ReplayKind | None = None
    batch: BatchDetails | None = None
    sent_bytes: int = 0


class GatewayResponse(Response):
    log_notes = LogNotes()


class StreamedResponse(GatewayResponse):
    """Its ``log_notes`` are complete when it is closed."""


def current_request() -> GatewayRequest:
    # Flask's proxy would look it up for each attribute.
    return cast("GatewayRequest", request_ctx.request)
