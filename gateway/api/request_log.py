"""First and last hop: a request's id, log line and counters."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gateway.api.log_notes import LogNotes
from gateway.api.request import Fields, GatewayResponse, StreamedResponse, bytes_of, current_request
from gateway.telemetry.context import request_context
from gateway.telemetry.details import RequestDetails

if TYPE_CHECKING:
    from flask import Flask, Response

    from gateway.api.request import GatewayRequest
    from gateway.telemetry.hooks import Telemetry


def register(app: Flask, telemetry: Telemetry) -> None:
    def leave(response: Response) -> Response:
        request = current_request()
        headers = response.headers
        if isinstance(headers, Fields):
            headers.put("X-Request-ID", request.id)
        else:
            headers["X-Request-ID"] = request.id
        if request.answer_headers:
            headers.update(request.answer_headers)
        if isinstance(response, StreamedResponse):
            response.call_on_close(lambda: telemetry.request_ended(_details(request, response)))
        else:
            telemetry.request_ended(_details(request, response))
        return response

    app.before_request(_enter)
    app.after_request(leave)
    app.teardown_request(_forget)


def _enter() -> None:
    request_context.set(current_request().id)


def _forget(_error: BaseException | None) -> None:
    request_context.set("")


def _details(request: GatewayRequest, response: Response) -> RequestDetails:
    log_notes = response.log_notes if isinstance(response, GatewayResponse) else LogNotes()
    return RequestDetails(
        method=request.method,
        route=request.url_rule.rule if request.url_rule else "",
        status=response.status_code,
        seconds=time.perf_counter() - request.began,
        request_id=request.id,
        principal_id=request.principal_id,
        key_fingerprint=request.key_fingerprint,
        partner=request.partner,
        problem=log_notes.problem,
        invalid=log_notes.invalid,
        policy=log_notes.policy,
        received_bytes=request.body_size or 0,
        sent_bytes=log_notes.sent_bytes or bytes_of(response),
        replay=log_notes.replay,
        batch=log_notes.batch,
    )
