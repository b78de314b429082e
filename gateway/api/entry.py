"""The first and last hop of every request: its id, its log context, and the headers that every answer carries."""

from __future__ import annotations

import re

from flask import Flask, Response, g, request
from ulid import ULID

from gateway.telemetry.context import request_context

_WELL_FORMED = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def register(app: Flask) -> None:
    """Give each request of ``app`` an id (the caller's if it is well-formed), and each answer that id."""
    app.before_request(_enter)
    app.after_request(_leave)


def _enter() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _WELL_FORMED.fullmatch(given) else str(ULID())
    request_context.set(g.request_id)


def _leave(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    return response


def traceparent() -> str:
    """The caller's W3C trace context if it is well-formed, else an empty string."""
    given = request.headers.get("traceparent", "")
    return given if _TRACEPARENT.fullmatch(given) else ""
