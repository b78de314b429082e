"""The spans of a request: itself, its validation, its fan-out. The only module that knows OpenTelemetry.

An item is an event of the fan-out's span, and only where it failed: a span per item would cost more than the item.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any, Generic

from opentelemetry import context as current
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.telemetry.events import Silent
from gateway.telemetry.traces import OutcomeT, UpdateT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from opentelemetry.sdk.trace.sampling import Sampler
    from opentelemetry.trace import Span, Tracer

    from gateway.telemetry.events import Failure, RequestDetails
    from gateway.telemetry.traces import Application, Loader, Runner
    from legacy_client.calls import CallContext

_W3C = TraceContextTextMapPropagator()
_MOST_EVENTS = 100
# Of requests whose caller has not decided: spans of every request cost more than all else that looks on.
_SHARE_TRACED = 0.1


class OpenTelemetryTraces(Silent):
    """See ``traces.Traces``."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def application(self, application: Application) -> Application:
        """See Traces."""
        return TracedApplication(application, self._tracer)

    def loader(self, loader: Loader[UpdateT]) -> Loader[UpdateT]:
        """See Traces."""
        return TracedLoader(loader, self._tracer)

    def runner(self, runner: Runner[UpdateT, OutcomeT]) -> Runner[UpdateT, OutcomeT]:
        """See Traces."""
        return TracedRunner(runner, self._tracer)

    def request_ended(self, request: RequestDetails) -> None:
        """See Traces."""
        span = trace.get_current_span()
        if not span.is_recording():
            return
        span.update_name(f"{request.method} {request.route}".rstrip())
        span.set_attributes(_attributes(request))
        if request.status >= 500:
            span.set_status(StatusCode.ERROR)


class TracedApplication:
    """A span around each request, until the server has taken the last byte of its answer."""

    def __init__(self, application: Application, tracer: Tracer) -> None:
        self._application = application
        self._tracer = tracer

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """See PEP 3333."""
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
    """The chunks of an answer, and what is to happen when the server is done with them."""

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


class TracedLoader(Generic[UpdateT]):
    """A span around the validation of a batch."""

    def __init__(self, loader: Loader[UpdateT], tracer: Tracer) -> None:
        self._loader = loader
        self._tracer = tracer

    def load(self, document: object, allowed_partners: AbstractSet[str] | None = None) -> list[UpdateT]:
        """See Loader. What the loader refuses is an answer like any other, and says nothing of its values here."""
        if _is_left_out():
            return self._loader.load(document, allowed_partners)
        span = self._tracer.start_span("validation")
        try:
            items = self._loader.load(document, allowed_partners)
            span.set_attribute("gateway.batch.items", len(items))
            return items
        finally:
            span.end()


class TracedRunner(Generic[UpdateT, OutcomeT]):
    """A span around the fan-out of a batch."""

    def __init__(self, runner: Runner[UpdateT, OutcomeT], tracer: Tracer) -> None:
        self._runner = runner
        self._tracer = tracer

    def stream(self, updates: Sequence[UpdateT], context: CallContext) -> Iterator[tuple[int, OutcomeT]]:
        """See Runner."""
        if _is_left_out():
            return self._runner.stream(updates, context)
        return self._recorded(updates, context)

    def _recorded(self, updates: Sequence[UpdateT], context: CallContext) -> Iterator[tuple[int, OutcomeT]]:
        span = self._tracer.start_span("fan_out", attributes={"gateway.batch.items": len(updates)})
        failed = 0
        try:
            for index, outcome in self._runner.stream(
                updates, dataclasses.replace(context, traceparent=_traceparent(span))
            ):
                if not isinstance(outcome, bytes):
                    failed += 1
                    if failed <= _MOST_EVENTS:
                        span.add_event("item_failed", _failure(index, updates[index].id, outcome))
                yield index, outcome
        finally:
            span.set_attribute("gateway.batch.failed", failed)
            span.end()


def exporting_tracer(version: str) -> Tracer:
    """A tracer that exports by OTLP over HTTP from a thread of its own; ``OTEL_*`` variables go before its defaults."""
    name = os.environ.get("OTEL_SERVICE_NAME", "bulk-update-gateway")
    provider = TracerProvider(
        sampler=sampler(os.environ),
        resource=Resource.create({"service.name": name, "service.version": version}),
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("gateway")


def sampler(variables: Mapping[str, str]) -> Sampler | None:
    """One that traces a tenth of the requests whose caller has not decided; None where the library is to read its own."""
    return None if "OTEL_TRACES_SAMPLER" in variables else ParentBasedTraceIdRatio(_SHARE_TRACED)


def _is_left_out() -> bool:
    """The sampler has left this request out: what lies below it has nothing to record, and need not ask again."""
    span = trace.get_current_span()
    return span.get_span_context().is_valid and not span.is_recording()


def _traceparent(span: Span) -> str:
    """The span as W3C trace context; a tenth of the cost of the library's propagator."""
    here = span.get_span_context()
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"


def _attributes(request: RequestDetails) -> dict[str, str | int]:
    """Names of OpenTelemetry's semantic conventions where there are some; what a request has not is left out."""
    attributes: dict[str, str | int] = {
        "http.request.method": request.method,
        "http.route": request.route,
        "http.response.status_code": request.status,
        "enduser.id": request.principal_id,
        "gateway.request_id": request.request_id,
        "gateway.problem": request.problem,
    }
    return {name: value for name, value in attributes.items() if value}


def _failure(index: int, action_id: str, failure: Failure) -> dict[str, str | int]:
    return {"index": index, "action_id": action_id, "code": failure.code, "outcome": str(failure.outcome)}
