"""First and last hop: a request's id, log line and counters."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gateway.api.request import Fields, StreamedResponse, bytes_of, current_request
from gateway.telemetry.context import request_context
from gateway.telemetry.details import RequestDetails

if TYPE_CHECKING:
    from flask import Flask, Response

    from gateway.api.request import GatewayRequest
    from gateway.telemetry.hooks import Telemetry


def register(app: Flask, telemetry: Telemetry) -> None:
    log = RequestLog(telemetry)
    app.after_request(log.leave)
    app.teardown_request(log.end)


class RequestLog:
    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def leave(self, response: Response) -> Response:
        request = current_request()
        headers = response.headers
        if isinstance(headers, Fields):
            headers.put("X-Request-ID", request.id)
        else:
            headers["X-Request-ID"] = request.id
        if request.answer_headers:
            headers.update(request.answer_headers)
        request.answer, request.ended = response, time.perf_counter()
        if isinstance(response, StreamedResponse):
            response.call_on_close(lambda: self._closed(request))
        return response

    def end(self, _error: BaseException | None) -> None:
        # The caller has the answer by now, so none of this is waited for.
        request = current_request()
        if not isinstance(request.answer, StreamedResponse):
            self._tell(request)

    def _closed(self, request: GatewayRequest) -> None:
        request.ended = time.perf_counter()
        # Flask's test client leaves the context before it reads a stream.
        before = request_context.set(request.id)
        self._tell(request)
        request_context.reset(before)

    def _tell(self, request: GatewayRequest) -> None:
        if request.batch is not None:
            self._telemetry.batch_ended(request.batch)
        if request.answer is not None:
            self._telemetry.request_ended(_details(request, request.answer))


def _details(request: GatewayRequest, response: Response) -> RequestDetails:
    return RequestDetails(
        method=request.method,
        route=request.url_rule.rule if request.url_rule else "",
        status=response.status_code,
        seconds=request.ended - request.began,
        request_id=request.id,
        principal_id=request.principal_id,
        key_fingerprint=request.key_fingerprint,
        partner=request.partner,
        job=request.job,
        problem=request.problem,
        invalid=request.invalid,
        policy=request.policy,
        received_bytes=request.body_size or 0,
        sent_bytes=request.sent_bytes or bytes_of(response),
        replay=request.replay,
        batch=request.batch,
    )
