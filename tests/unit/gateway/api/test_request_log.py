"""A request is told of when its answer has left, with what was known when it was made."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from gateway.afterwards import AFTERWARDS
from gateway.api.application import Application
from gateway.api.request import GatewayResponse, StreamedResponse, current_request
from gateway.api.request_log import register
from gateway.telemetry.context import request_context
from gateway.telemetry.details import BatchDetails, RequestDetails

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.api.request import GatewayRequest

BATCH = BatchDetails(kind="sync", items=1, seconds=0.5, status=200, counts={})


class Told:
    """What was told, in its order, and of which request it was then."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.requests: list[RequestDetails] = []

    def request_ended(self, request: RequestDetails) -> None:
        self.events.append(("request", request_context.get()))
        self.requests.append(request)

    def batch_ended(self, batch: BatchDetails) -> None:
        assert batch is BATCH
        self.events.append(("batch", request_context.get()))


def served(view: Callable[[], GatewayResponse]) -> tuple[Application, Told]:
    app, told = Application("tests"), Told()
    register(app, told)
    app.add_url_rule("/fixed", view_func=view)
    return app, told


def whole() -> GatewayResponse:
    current_request().batch = BATCH
    return GatewayResponse(b"hello", 200, content_type="text/plain")


def streamed() -> GatewayResponse:
    current_request().batch = BATCH
    return StreamedResponse([b"hel", b"lo"], 200, {}, content_type="text/plain")


def called(app: Application, environ: dict[str, object]) -> list[bytes]:
    environ |= {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/fixed",
        "HTTP_X_REQUEST_ID": "one",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    parts = app(environ, lambda *_: lambda _data: None)
    found = list(parts)
    if hasattr(parts, "close"):
        parts.close()
    return found


def test_it_is_told_when_the_answer_has_left_within_its_request() -> None:
    app, told = served(whole)
    environ: dict[str, object] = {AFTERWARDS: []}

    assert called(app, environ) == [b"hello"]
    assert told.events == []

    [leave] = environ[AFTERWARDS]  # type: ignore[misc] # the list from above
    leave()
    assert told.events == [("batch", "one"), ("request", "one")]
    assert request_context.get() == ""


def test_the_time_until_it_is_told_is_not_the_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1.0]
    monkeypatch.setattr("gateway.api.request.time.perf_counter", lambda: now[0])
    app, told = served(whole)
    environ: dict[str, object] = {AFTERWARDS: []}

    called(app, environ)
    now[0] = 5.0
    [leave] = environ[AFTERWARDS]  # type: ignore[misc] # the list from above
    leave()

    assert [request.seconds for request in told.requests] == [0.0]


@pytest.mark.parametrize("view", [whole, streamed])
def test_without_a_server_it_is_told_once_and_the_context_is_left(view: Callable[[], GatewayResponse]) -> None:
    app, told = served(view)

    assert b"".join(called(app, {})) == b"hello"

    assert told.events == [("batch", "one"), ("request", "one")]
    assert request_context.get() == ""


def test_a_stream_is_told_when_it_is_closed() -> None:
    app, told = served(streamed)
    environ: dict[str, object] = {AFTERWARDS: []}

    called(app, environ)
    assert told.events == [("batch", "one"), ("request", "one")]

    [leave] = environ[AFTERWARDS]  # type: ignore[misc] # the list from above
    leave()
    assert len(told.events) == 2
    assert told.requests[0].sent_bytes == 0


class Lines:
    """Lines of an answer that know their request, as those of a batch do."""

    def __init__(self, request: GatewayRequest) -> None:
        self.request = request

    def __iter__(self) -> Iterator[bytes]:
        yield b"a\n"
        yield b"b\n"


def test_what_a_stream_held_is_free_when_it_was_closed_without_the_collector() -> None:
    held: list[weakref.ref[Lines]] = []

    def view() -> GatewayResponse:
        request = current_request()
        lines = Lines(request)
        held.append(weakref.ref(lines))
        answer = StreamedResponse(lines, 200, {}, content_type="text/plain")
        answer.call_on_close(lambda: request.header("Accept"))
        return answer

    app, told = served(view)
    gc.disable()
    try:
        assert called(app, {}) == [b"a\n", b"b\n"]
        assert [each() for each in held] == [None]
    finally:
        gc.enable()
    assert [request.status for request in told.requests] == [200]
