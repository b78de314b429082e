from __future__ import annotations

import re
import time
from random import getrandbits
from typing import IO, TYPE_CHECKING, Any

from flask import Request, Response
from flask.globals import _cv_request
from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wsgi import ClosingIterator

from gateway.serving.plain_fields import VARIABLES
from gateway.telemetry.context import request_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from gateway.telemetry.details import BatchDetails
    from gateway.telemetry.events import InvalidRequest, ReplayKind

_STATUS_LINES: Mapping[int, str] = {code: f"{code} {name.upper()}" for code, name in HTTP_STATUS_CODES.items()}
# RFC 9110 sections 15.3.5 and 15.4.5.
_WITHOUT_BODY = frozenset({204, 304})
# Zeros are no id (W3C Trace Context section 3.2.2).
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


# Parts of Werkzeug's request that few need here.
_MADE_LATER = frozenset({"scheme", "server", "root_path", "query_string", "headers", "remote_addr"})
# Python reads no longer number.
_MOST_DIGITS = 4300


class GatewayRequest(Request):
    """``answer_headers`` go on the answer, even on an error.

    ``body_size`` is what the caller says, in bytes; None where it is not known.
    """

    # What its line and the counters need (``RequestDetails``). Whoever learns it sets it. The fingerprint stands for the idempotency key.
    principal_id = ""
    key_fingerprint = ""
    partner = ""
    job = ""
    problem = ""
    invalid: InvalidRequest | None = None
    policy = ""
    replay: ReplayKind | None = None
    batch: BatchDetails | None = None
    # Where the answer has no length.
    sent_bytes = 0
    # Its answer, and when that was made (seconds of ``perf_counter``).
    answer: Response | None = None
    ended = 0.0

    def __init__(self, environ: dict[str, Any], populate_request: bool = True, shallow: bool = False) -> None:
        # No other protocol is spoken (RFC 9110 section 7.8). Flask would look for a route of a websocket.
        environ.pop("HTTP_UPGRADE", None)
        self.environ = environ
        self.shallow = shallow
        self.method = environ["REQUEST_METHOD"].upper()
        self.path = _path_in(environ)
        self.query: str = environ.get("QUERY_STRING", "")
        self.body_size = _size_in(environ)
        self.began = time.perf_counter()
        self.id = request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        self.answer_headers: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in _MADE_LATER:
            raise AttributeError(name)
        super().__init__(self.environ, populate_request=False, shallow=self.shallow)
        return self.__dict__[name]

    def header(self, name: str) -> str | None:
        """The field's value; several are joined by commas (RFC 9110 section 5.3)."""
        value: str | None = self.environ.get(VARIABLES[name])
        return value

    def body_stream(self) -> IO[bytes]:
        """What is read ends with the body."""
        environ = self.environ
        # Werkzeug's own would look up settings of the application too.
        return environ["wsgi.input"] if environ.get("wsgi.input_terminated") else self.stream

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
        # An id guards nothing, so it may be a guess that costs no call of the kernel.
        return f"00-{getrandbits(128):032x}-{getrandbits(64):016x}-00"


def _path_in(environ: Mapping[str, Any]) -> str:
    path: str = environ["PATH_INFO"]
    if path.isascii() and path.startswith("/") and not path.startswith("//"):
        return path
    # Bytes that stand for one letter each (PEP 3333).
    return "/" + path.encode("latin-1").decode(errors="replace").lstrip("/")


def _size_in(environ: Mapping[str, Any]) -> int | None:
    digits: str = environ.get("CONTENT_LENGTH", "")
    # A server may give an empty length for an unknown one (PEP 3333).
    is_known = digits.isdigit() and digits.isascii() and len(digits) <= _MOST_DIGITS
    return int(digits) if is_known and "HTTP_TRANSFER_ENCODING" not in environ else None


class Fields(Headers):
    """Of an answer, from pairs of texts. The server checks them once more."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._list = list(pairs)

    def put(self, name: str, value: str) -> None:
        """One that is not there yet."""
        self._list.append((name, value))


class GatewayResponse(Response):
    """``size`` is that of the body in bytes; None while it is not known."""

    size: int | None = None
    direct_passthrough = False

    def __init__(
        self,
        response: Iterable[bytes] | bytes | Iterable[str] | str | None = None,
        status: int | str | None = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        **options: Any,
    ) -> None:
        if isinstance(response, bytes) and isinstance(status, int) and content_type and not headers:
            # As most answers are. Werkzeug would look for each field among those before.
            self._status, self._status_code = _STATUS_LINES[status], status
            self.size = len(response)
            self.headers = Fields((("Content-Type", content_type), ("Content-Length", str(self.size))))
            self.response = [response]
            self._on_close = []
        else:
            super().__init__(response, status, headers, mimetype, content_type, **options)
            if status in _WITHOUT_BODY:
                # Werkzeug would name the type of what is not there.
                del self.headers["Content-Type"]

    def set_data(self, value: bytes | str) -> None:
        data = value.encode() if isinstance(value, str) else value
        super().set_data(data)
        self.size = len(data)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.size is None or self.status_code in _WITHOUT_BODY or environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        # Werkzeug would copy the headers, to mend what is right here.
        start_response(self.status, self.headers.to_wsgi_list())
        body: Any = self.response
        return ClosingIterator(body, self.close) if self._on_close else body


class StreamedResponse(GatewayResponse):
    """What is to be told of it is known when it is closed."""

    def __init__(self, parts: Iterable[bytes], status: int, headers: Mapping[str, str], content_type: str) -> None:
        self._status, self._status_code = _STATUS_LINES[status], status
        self.headers = Fields((("Content-Type", content_type), *headers.items()))
        self.response = parts
        self._on_close = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        parts: Any = self.response
        return ClosingIterator(iter(parts), self.close)

    def close(self) -> None:
        try:
            super().close()
        finally:
            # Both know the request, which knows its answer: only the collector would free such circles.
            self.response = []
            self._on_close.clear()


def bytes_of(response: Response) -> int:
    """Of the body; 0 where the answer does not say."""
    size = response.size if isinstance(response, GatewayResponse) else None
    # Werkzeug's stubs call the length a number, which it need not be, so this stands in a module that is not compiled.
    return (response.content_length or 0) if size is None else size


def current_request() -> GatewayRequest:
    # Flask's proxy in front of this variable costs ten times as much.
    context: Any = _cv_request.get()
    request: GatewayRequest = context.request
    return request
