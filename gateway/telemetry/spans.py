"""A request's trace: which are kept, and how they leave."""

from __future__ import annotations

import os
from contextlib import nullcontext
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio, TraceIdRatioBased
from opentelemetry.trace import SpanKind

from gateway.afterwards import do_afterwards
from gateway.telemetry.hooks import Silent
from gateway.telemetry.recorder import OpenSpan, Recorder
from gateway.telemetry.traces import NoSpan, NoTraces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.sdk.trace.sampling import Sampler

    from gateway.telemetry.details import RequestDetails
    from gateway.telemetry.traces import Application, Span, Traces

# Of requests whose caller has not decided: spans of every request cost more than all else that looks on.
_SHARE_TRACED = 0.1
_FLUSH_MS = 2000
_DRAWN = 64
_LEFT_OUT = NoSpan()
# Local to the greenlet or thread: the span of its request, or that it is not traced.
_request: ContextVar[OpenSpan | NoSpan | None] = ContextVar("request_span", default=None)


class Roots:
    """Draws the id of each trace that starts here. ``share`` of them are kept."""

    def __init__(self, share: float, ids: IdGenerator) -> None:
        self._bound = TraceIdRatioBased.get_bound_for_rate(share)
        self._ids = ids
        self._drawn: list[str | int] = []

    def next(self) -> str | int:
        """The trace context of a trace that is not kept, or the id of one that is."""
        try:
            return self._drawn.pop()
        except IndexError:
            # Many at once: code that runs once in a request is in no cache, and takes ten times as long.
            self._drawn += [self._draw() for _ in range(_DRAWN)]
            return self._draw()

    def _draw(self) -> str | int:
        trace_id = self._ids.generate_trace_id()
        # As the library's sampler decides. It hears of those only that it keeps, since it costs twenty times as much.
        if trace_id & TraceIdRatioBased.TRACE_ID_LIMIT >= self._bound:
            return f"00-{trace_id:032x}-{self._ids.generate_span_id():016x}-00"
        return trace_id


class OpenTelemetryTraces(Silent):
    def __init__(self, recorder: Recorder, flush: Callable[[], object] = bool, roots: Roots | None = None) -> None:
        """Without ``roots`` the recorder's sampler decides of each request."""
        self._recorder = recorder
        self._flush = flush
        self._roots = roots
        # It holds no state, so all requests share it.
        self._no_span = nullcontext(_LEFT_OUT)

    def flush(self) -> None:
        self._flush()

    def application(self, application: Application) -> Application:
        return TracedApplication(application, self._recorder, self._roots)

    def span(self, name: str, items: int | None = None, *, within: str = "") -> AbstractContextManager[Span]:
        """It records nothing if the request is left out. With ``items`` it tells how many of them failed."""
        above = _request.get()
        if isinstance(above, NoSpan):
            return self._no_span
        if within or above is None:
            span = self._recorder.begin(name, SpanKind.INTERNAL, {"traceparent": within})
        else:
            span = self._recorder.below(name, above)
        return span if items is None else span.of(items)

    def request_ended(self, request: RequestDetails) -> None:
        span = _request.get()
        if not isinstance(span, OpenSpan):
            return
        span.name = f"{request.method} {request.route}".rstrip()
        span.attributes = _attributes(request)
        span.is_failed = request.status >= 500


class TracedApplication:
    """A request's span ends when the server has taken the last byte."""

    def __init__(self, application: Application, recorder: Recorder, roots: Roots | None) -> None:
        self._application = application
        self._recorder = recorder
        self._roots = roots

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        caller, roots = environ.get("HTTP_TRACEPARENT", ""), self._roots
        if caller or roots is None:
            headers = {"traceparent": caller, "tracestate": environ.get("HTTP_TRACESTATE", "")}
            span = self._recorder.begin(environ["REQUEST_METHOD"], SpanKind.SERVER, headers)
            if span.is_kept:
                return self._traced(span, environ, start_response)
            left_out = span.traceparent
        elif isinstance(drawn := roots.next(), int):
            span = self._recorder.root(environ["REQUEST_METHOD"], SpanKind.SERVER, drawn)
            return self._traced(span, environ, start_response)
        else:
            left_out = drawn
        # Said of each: one connection's requests have one context.
        _request.set(_LEFT_OUT)
        environ["HTTP_TRACEPARENT"] = left_out
        return self._application(environ, start_response)

    def _traced(self, span: OpenSpan, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        _request.set(span)
        environ["HTTP_TRACEPARENT"] = span.traceparent

        def end() -> None:
            _request.set(None)
            span.end()

        def leave() -> None:
            # What is told of the request then is told within its span.
            do_afterwards(environ, end)

        try:
            return _Answer(self._application(environ, start_response), leave)
        except BaseException:
            leave()
            raise


class _Answer:
    def __init__(self, chunks: Iterable[bytes], end: Callable[[], None]) -> None:
        self._chunks = chunks
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        """Called by the server in any case (PEP 3333)."""
        try:
            getattr(self._chunks, "close", lambda: None)()
        finally:
            self._end()


def exporting_traces(version: str) -> Traces:
    """Exports by OTLP over HTTP, on its own thread. ``OTEL_*`` variables win."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return NoTraces()
    name = os.environ.get("OTEL_SERVICE_NAME", "bulk-update-gateway")
    by_default, ids = sampler(os.environ), RandomIdGenerator()
    provider = TracerProvider(by_default, Resource.create({"service.name": name, "service.version": version}))
    processor = BatchSpanProcessor(OTLPSpanExporter())
    provider.add_span_processor(processor)
    recorder = Recorder(processor, provider.sampler, provider.resource, ids)
    flush = partial(provider.force_flush, _FLUSH_MS)
    return OpenTelemetryTraces(recorder, flush, Roots(_SHARE_TRACED, ids) if by_default else None)


def sampler(variables: Mapping[str, str]) -> Sampler | None:
    """A tenth of the requests whose caller has not decided. None: ``OTEL_TRACES_SAMPLER`` decides."""
    return None if "OTEL_TRACES_SAMPLER" in variables else ParentBasedTraceIdRatio(_SHARE_TRACED)


def _attributes(request: RequestDetails) -> dict[str, str | int]:
    """Names follow OpenTelemetry's semantic conventions."""
    attributes: dict[str, str | int] = {
        "http.request.method": request.method,
        "http.route": request.route,
        "http.response.status_code": request.status,
        "enduser.id": request.principal_id,
        "gateway.request_id": request.request_id,
        "gateway.problem": request.problem,
    }
    return {name: value for name, value in attributes.items() if value}
