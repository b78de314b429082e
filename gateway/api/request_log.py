"""The first and last hop of every request: its id, the headers that every answer carries, and what is told of it."""

from __future__ import annotations

import re
import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask.globals import request_ctx
from ulid import ULID

from gateway.telemetry.context import request_context
from gateway.telemetry.events import RequestDetails

if TYPE_CHECKING:
    from flask import Flask, Request, Response

    from gateway.telemetry.events import BatchDetails, ReplayKind, Telemetry

_WELL_FORMED = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")
# Not Flask's `g`, which looks the request up anew for each attribute.
_notes: ContextVar[Notes] = ContextVar("notes")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(slots=True)
class Notes:
    """What the hops of one request leave for its last one."""

    request_id: str
    began: float
    principal_id: str = ""
    problem: str = ""
    replay: ReplayKind | None = None
    batch: BatchDetails | None = None


def register(app: Flask, telemetry: Telemetry) -> None:
    """Give each request of ``app`` an id (the caller's if it is well-formed), each answer that id, and tell of both."""

    def leave(response: Response) -> Response:
        kept = notes()
        response.headers["X-Request-ID"] = kept.request_id
        telemetry.request_ended(_details(response, kept))
        return response

    app.before_request(_enter)
    app.after_request(leave)
    app.teardown_request(_forget)


def notes() -> Notes:
    """The notes of the request under way."""
    return _notes.get()


def traceparent(request: Request) -> str:
    """The caller's W3C trace context if it is well-formed, else the start of a new, unsampled one."""
    given = request.headers.get("traceparent", "")
    if _TRACEPARENT.fullmatch(given):
        return given
    ids = secrets.token_hex(24)
    return f"00-{ids[:32]}-{ids[32:]}-00"


def _enter() -> None:
    given = request_ctx.request.headers.get("X-Request-ID", "")
    request_id = given if _WELL_FORMED.fullmatch(given) else str(ULID())
    _notes.set(Notes(request_id, time.perf_counter()))
    request_context.set(request_id)


def _forget(_error: BaseException | None) -> None:
    request_context.set("")


def _details(response: Response, kept: Notes) -> RequestDetails:
    request = request_ctx.request
    return RequestDetails(
        method=request.method,
        route=request.url_rule.rule if request.url_rule else "",
        status=response.status_code,
        seconds=time.perf_counter() - kept.began,
        request_id=kept.request_id,
        principal_id=kept.principal_id,
        problem=kept.problem,
        received_bytes=request.content_length or 0,
        sent_bytes=response.content_length or 0,
        replay=kept.replay,
        batch=kept.batch,
    )
