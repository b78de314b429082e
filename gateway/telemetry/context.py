"""The request id as every log line of the request carries it; one context variable, local to the greenlet or thread."""

from __future__ import annotations

from contextvars import ContextVar

request_context: ContextVar[str] = ContextVar("request_id", default="")
