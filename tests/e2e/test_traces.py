"""Traces leave a real worker: under gevent, after the fork, by OTLP over HTTP."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.doubles.certificates import Authority
from tests.doubles.redis_server import BINARY, MISSING, RedisServer
from tests.e2e.jobs import JOBS, JobPartner
from tests.e2e.stack import CoreView, Partner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from sandbox.stack import Stack

pytestmark = pytest.mark.e2e
PATIENCE_SECONDS = 30.0
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(ThreadingHTTPServer):
    """Keeps every span that it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.spans: list[Span] = []
        self.changed = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def has(self, count: int) -> dict[str, Span]:
        """The spans of the trace by name, once there are ``count``."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self._of_trace()) >= count, PATIENCE_SECONDS)
            return {span.name: span for span in self._of_trace()}

    def _of_trace(self) -> list[Span]:
        return [span for span in self.spans if span.trace_id.hex() == TRACE_ID]


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.changed:
            for resource in request.resource_spans:
                self.server.spans += [span for scope in resource.scope_spans for span in scope.spans]
            self.server.changed.notify_all()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def exporting(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Collector:
    """What is started now sends it its spans."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    return collector


def test_a_batch_is_three_spans_of_the_callers_trace(make_stack: Callable[..., Stack], exporting: Collector) -> None:
    stack = make_stack({"TRACES": "true"})
    items = ({"actionId": str(action_id), "status": "active"} for action_id in (19000, 90404))

    Partner(stack).patch(*items, traceparent=f"00-{TRACE_ID}-00f067aa0ba902b7-01")

    spans = exporting.has(3)
    request = spans["PATCH /openapi/api/v1/actions"]
    assert request.parent_span_id.hex() == "00f067aa0ba902b7"
    assert spans["validation"].parent_span_id == request.span_id
    assert spans["fan_out"].parent_span_id == request.span_id
    assert [event.name for event in spans["fan_out"].events] == ["item_failed"]
    [called] = CoreView(stack).journal()
    assert called["traceparent"] == f"00-{TRACE_ID}-{spans['fan_out'].span_id.hex()}-01"


def test_the_calls_of_a_job_are_of_the_trace_of_the_request_that_brought_its_part(
    make_stack: Callable[..., Stack], exporting: Collector
) -> None:
    stack = make_stack({"TRACES": "true"}, job_workers=1)

    run_job(stack)

    spans = exporting.has(2)
    chunk = spans["chunk"]
    assert chunk.parent_span_id == spans["PUT /openapi/api/v1/jobs/<job_id>/parts/<number>"].span_id
    assert [event.name for event in chunk.events] == ["item_failed"]
    assert called(stack) == f"00-{TRACE_ID}-{chunk.span_id.hex()}-01"


def test_a_collector_may_speak_tls(
    make_stack: Callable[..., Stack], exporting: Collector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    exporting.socket = authority.issue("localhost").server().wrap_socket(exporting.socket, server_side=True)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"https://localhost:{exporting.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", authority.file)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        # To requests these come before what a session says.
        monkeypatch.delenv(name, raising=False)
    stack = make_stack({"TRACES": "true"})

    Partner(stack).patch({"actionId": "19000", "status": "active"}, traceparent=f"00-{TRACE_ID}-00f067aa0ba902b7-01")

    assert set(exporting.has(3)) == {"PATCH /openapi/api/v1/actions", "validation", "fan_out"}


@pytest.mark.slow
@pytest.mark.skipif(BINARY is None, reason=MISSING)
def test_through_celery_too_and_a_process_that_ends_sends_its_spans(
    make_stack: Callable[..., Stack], exporting: Collector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
    server = RedisServer(tmp_path)
    server.start()
    try:
        stack = make_stack({"TRACES": "true", "REDIS_URL": server.url, "JOB_DISPATCH": "celery"}, job_workers=1)
        run_job(stack)
        stack.job_workers[0].stop()
    finally:
        server.stop()

    assert called(stack) == f"00-{TRACE_ID}-{exporting.has(1)['chunk'].span_id.hex()}-01"


def run_job(stack: Stack) -> None:
    """One part, whose request is of the trace."""
    partner = JobPartner(stack)
    job, items = partner.made(), [{"actionId": str(action_id), "status": "active"} for action_id in (19000, 90404)]
    traceparent = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
    assert partner.call("PUT", f"{JOBS}/{job}/parts/1", {"data": items}, traceparent=traceparent).status == 204
    partner.start(job, 1)
    partner.watched(job)


def called(stack: Stack) -> str:
    """The trace context of the one call that was applied."""
    [entry] = CoreView(stack).journal()
    return str(entry["traceparent"])
