"""Only this module knows OpenTelemetry."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from opentelemetry import context as current
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.telemetry.events import Silent
from gateway.telemetry.traces import NoSpan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from opentelemetry.sdk.trace.sampling import Sampler
    from opentelemetry.trace import Span, Tracer

    from gateway.telemetry.events import Failure, RequestDetails
    from gateway.telemetry.traces import Application

_W3C = TraceContextTextMapPropagator()
_MOST_EVENTS = 100
# Of requests whose caller has not decided: spans of every request cost more than all else that looks on.
_SHARE_TRACED = 0.1
_FLUSH_MS = 2000
# Local to the greenlet or thread: whether its request is one of those that are not traced.
_left_out: ContextVar[bool] = ContextVar("left_out", default=False)


class Roots(RandomIdGenerator):
    """Draws the id of each trace that starts here. ``share`` of them are kept."""

    def __init__(self, share: float) -> None:
        self._bound = TraceIdRatioBased.get_bound_for_rate(share)
        self._drawn: list[int] = []

    def left_out(self) -> str:
        """The trace context of a trace that is not kept; empty where the next one is to be."""
        trace_id = super().generate_trace_id()
        # As the library's sampler decides. It hears of those only that it keeps, since it costs twenty times as much.
        if trace_id & TraceIdRatioBased.TRACE_ID_LIMIT >= self._bound:
            return f"00-{trace_id:032x}-{self.generate_span_id():016x}-00"
        self._drawn.append(trace_id)
        return ""

    def generate_trace_id(self) -> int:
        return self._drawn.pop() if self._drawn else super().generate_trace_id()


class OpenTelemetryTraces(Silent):
    def __init__(self, tracer: Tracer, flush: Callable[[], object] = bool, roots: Roots | None = None) -> None:
        """Without ``roots`` the library decides of each request."""
        self._tracer = tracer
        self._flush = flush
        self._roots = roots
        # It holds no state, so all requests share it.
        self._no_span = nullcontext(NoSpan())

    def flush(self) -> None:
        self._flush()

    def application(self, application: Application) -> Application:
        return TracedApplication(application, self._tracer, self._roots)

    def span(
        self, name: str, items: int | None = None, *, within: str = ""
    ) -> AbstractContextManager[StepSpan | NoSpan]:
        """It records nothing if the sampler left the request out."""
        return self._no_span if _left_out.get() else self._step(name, items, within)

    @contextmanager
    def _step(self, name: str, items: int | None, within: str) -> Iterator[StepSpan | NoSpan]:
        above = trace.get_current_span()
        if above.get_span_context().is_valid and not above.is_recording():
            yield NoSpan()
            return
        parent = _W3C.extract({"traceparent": within}) if within else None
        step = StepSpan(self._tracer.start_span(name, parent), items)
        try:
            yield step
        finally:
            step.end()

    def request_ended(self, request: RequestDetails) -> None:
        if _left_out.get():
            return
        span = trace.get_current_span()
        if not span.is_recording():
            return
        span.update_name(f"{request.method} {request.route}".rstrip())
        span.set_attributes(_attributes(request))
        if request.status >= 500:
            span.set_status(StatusCode.ERROR)


class TracedApplication:
    """A request's span ends when the server has taken the last byte."""

    def __init__(self, application: Application, tracer: Tracer, roots: Roots | None) -> None:
        self._application = application
        self._tracer = tracer
        self._roots = roots

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        left_out = "" if environ.get("HTTP_TRACEPARENT") or not self._roots else self._roots.left_out()
        # Said of each: one connection's requests have one context.
        _left_out.set(bool(left_out))
        if not left_out:
            return self._traced(environ, start_response)
        environ["HTTP_TRACEPARENT"] = left_out
        return self._application(environ, start_response)

    def _traced(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        caller = {"traceparent": environ.get("HTTP_TRACEPARENT", ""), "tracestate": environ.get("HTTP_TRACESTATE", "")}
        span = self._tracer.start_span(environ["REQUEST_METHOD"], _W3C.extract(caller), SpanKind.SERVER)
        token = current.attach(trace.set_span_in_context(span))
        environ["HTTP_TRACEPARENT"] = _traceparent(span)

        def end() -> None:
            current.detach(token)
            span.end()

        try:
            return _Answer(self._application(environ, start_response), end)
        except BaseException:
            end()
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


class StepSpan:
    def __init__(self, span: Span, items: int | None) -> None:
        """With ``items`` given, the span ends with the number of failed items."""
        self.traceparent = _traceparent(span)
        self._span = span
        self._failed: int | None = None
        if items is not None:
            self._failed = 0
            self.count(items)

    def count(self, items: int) -> None:
        self._span.set_attribute("gateway.batch.items", items)

    def failed(self, index: int, item_id: str, failure: Failure) -> None:
        """An event, for the first hundred. The total becomes an attribute."""
        # A span per item would cost more than the item.
        self._failed = (self._failed or 0) + 1
        if self._failed <= _MOST_EVENTS:
            self._span.add_event("item_failed", _failure(index, item_id, failure))

    def end(self) -> None:
        if self._failed is not None:
            self._span.set_attribute("gateway.batch.failed", self._failed)
        self._span.end()


def exporting_traces(version: str) -> OpenTelemetryTraces:
    """Exports by OTLP over HTTP, on its own thread. ``OTEL_*`` variables win."""
    name = os.environ.get("OTEL_SERVICE_NAME", "bulk-update-gateway")
    by_default, roots = sampler(os.environ), Roots(_SHARE_TRACED)
    provider = TracerProvider(
        sampler=by_default,
        resource=Resource.create({"service.name": name, "service.version": version}),
        id_generator=roots,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    flush = partial(provider.force_flush, _FLUSH_MS)
    return OpenTelemetryTraces(provider.get_tracer("gateway"), flush, roots if by_default else None)


def sampler(variables: Mapping[str, str]) -> Sampler | None:
    """A tenth of the requests whose caller has not decided. None: ``OTEL_TRACES_SAMPLER`` decides."""
    return None if "OTEL_TRACES_SAMPLER" in variables else ParentBasedTraceIdRatio(_SHARE_TRACED)


def _traceparent(span: Span) -> str:
    """W3C trace context."""
    # A tenth of the cost of the library's propagator.
    here = span.get_span_context()
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"


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


def _failure(index: int, item_id: str, failure: Failure) -> dict[str, str | int]:
    return {"index": index, "item_id": item_id, "code": failure.code, "outcome": str(failure.outcome)}
