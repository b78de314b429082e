from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from flask import Request, Response
from flask.globals import _cv_request
from werkzeug.wsgi import ClosingIterator

from gateway.telemetry.context import request_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from gateway.telemetry.events import BatchDetails, InvalidRequest, ReplayKind

# RFC 9110 sections 15.3.5 and 15.4.5.
_WITHOUT_BODY = frozenset({204, 304})
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

    def header(self, name: str) -> str | None:
        """The field's value; several are joined by commas (RFC 9110 section 5.3)."""
        value: str | None = self.environ.get(_variable(name))
        return value

    def add_rate(self, fields: Mapping[str, str]) -> None:
        """A rate goes beside one that the answer has: the fields are lists (RFC 9651 section 3.1)."""
        for name, value in fields.items():
            other = self.answer_headers.get(name)
            self.answer_headers[name] = ", ".join(sorted((other, value))) if other else value

    def traceparent(self) -> str:
        """The caller's trace context, or a new, unsampled one."""
        given = self.header("traceparent") or ""
        if _TRACEPARENT.fullmatch(given):
            return given
        ids = os.urandom(24).hex()
        return f"00-{ids[:32]}-{ids[32:]}-00"


@cache
def _variable(name: str) -> str:
    """Its place in the environment (PEP 3333)."""
    variable = name.upper().replace("-", "_")
    return variable if variable in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{variable}"


# Each request makes one; frozen, that would cost three times as much.
@dataclass(slots=True, kw_only=True)
class LogNotes:
    """``policy`` is the rate of a 429. ``sent_bytes`` counts where the answer has no length."""

    problem: str = ""
    invalid: InvalidRequest | None = None
    policy: str = ""
    replay: ReplayKind | None = None
    batch: BatchDetails | None = None
    sent_bytes: int = 0


class GatewayResponse(Response):
    """``size`` is that of the body in bytes; None while it is not known."""

    log_notes = LogNotes()
    size: int | None = None

    def set_data(self, value: bytes | str) -> None:
        data = value.encode() if isinstance(value, str) else value
        super().set_data(data)
        self.size = len(data)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.size is None or self.status_code in _WITHOUT_BODY or environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        # Werkzeug would copy the headers, to mend what is right here.
        start_response(self.status, self.headers.to_wsgi_list())
        body = cast("Sequence[bytes]", self.response)
        return ClosingIterator(body, self.close) if self._on_close else body


class StreamedResponse(GatewayResponse):
    """Its ``log_notes`` are complete when it is closed."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return ClosingIterator(iter(cast("Iterable[bytes]", self.response)), self.close)


def bytes_of(response: Response) -> int:
    """Of the body; 0 where the answer does not say."""
    size = response.size if isinstance(response, GatewayResponse) else None
    # Werkzeug's stubs call the length a number, which it need not be, so this stands in a module that is not compiled.
    return (response.content_length or 0) if size is None else size


def current_request() -> GatewayRequest:
    # Flask's proxy in front of this variable costs ten times as much.
    return cast("GatewayRequest", _cv_request.get().request)
