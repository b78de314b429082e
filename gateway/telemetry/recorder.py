"""Spans as OpenTelemetry's processors and exporters take them, at a tenth of what its tracer costs.

A tracer's span checks each attribute and takes a lock, since anybody may give it anything. What is given here is known:
strings and whole numbers, by one greenlet.
"""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Self

from opentelemetry import trace
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.sdk.trace.sampling import Sampler

    from gateway.telemetry.events import Failure

_W3C = TraceContextTextMapPropagator()
_SCOPE = InstrumentationScope("gateway", "")
_OK, _ERROR = Status(), Status(StatusCode.ERROR)
_KEPT_ROOT = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)
_MOST_EVENTS = 100


class Recorder:
    """``processor`` gets each span that has ended. ``sampler`` decides of the traces that ``begin`` starts or goes on with."""

    def __init__(self, processor: SpanProcessor, sampler: Sampler, resource: Resource, ids: IdGenerator) -> None:
        limits = SpanLimits()
        self.most_events = _MOST_EVENTS if limits.max_events is None else min(_MOST_EVENTS, limits.max_events)
        self._most_letters = limits.max_span_attribute_length
        self._processor = processor
        self._sampler = sampler
        self._resource = resource
        self._ids = ids

    def root(self, name: str, kind: SpanKind, trace_id: int) -> OpenSpan:
        """Starts a trace that is kept."""
        context = SpanContext(trace_id, self._ids.generate_span_id(), False, _KEPT_ROOT)
        return OpenSpan(self, name, kind, context, None)

    def begin(self, name: str, kind: SpanKind, caller: Mapping[str, str]) -> OpenSpan:
        """``caller`` has the headers of W3C's trace context; without a readable one a trace starts here."""
        of_caller = _W3C.extract(caller)
        parent = trace.get_current_span(of_caller).get_span_context()
        is_root = not parent.is_valid
        trace_id = self._ids.generate_trace_id() if is_root else parent.trace_id
        sampled = self._sampler.should_sample(of_caller, trace_id, name, kind)
        flags = TraceFlags.SAMPLED if sampled.decision is Decision.RECORD_AND_SAMPLE else TraceFlags.DEFAULT
        random = TraceFlags.RANDOM_TRACE_ID if is_root else parent.trace_flags & TraceFlags.RANDOM_TRACE_ID
        context = SpanContext(
            trace_id, self._ids.generate_span_id(), False, TraceFlags(flags | random), sampled.trace_state
        )
        return OpenSpan(self, name, kind, context, None if is_root else parent)

    def below(self, name: str, above: OpenSpan) -> OpenSpan:
        parent = above.context
        context = SpanContext(
            parent.trace_id, self._ids.generate_span_id(), False, parent.trace_flags, parent.trace_state
        )
        return OpenSpan(self, name, SpanKind.INTERNAL, context, parent)

    def ended(self, span: OpenSpan) -> None:
        self._processor.on_end(
            ReadableSpan(
                span.name,
                span.context,
                span.parent,
                self._resource,
                self.cut(span.attributes),
                span.events,
                (),
                span.kind,
                None,
                _ERROR if span.is_failed else _OK,
                span.began,
                time_ns(),
                _SCOPE,
            )
        )

    def cut(self, attributes: dict[str, str | int]) -> dict[str, str | int]:
        """As ``OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`` says, which is not set as a rule."""
        if (most := self._most_letters) is None:
            return attributes
        return {name: value[:most] if isinstance(value, str) else value for name, value in attributes.items()}


class OpenSpan:
    """As a context manager it ends with its block."""

    __slots__ = (
        "_failed",
        "_recorder",
        "attributes",
        "began",
        "context",
        "events",
        "is_failed",
        "kind",
        "name",
        "parent",
    )

    def __init__(
        self, recorder: Recorder, name: str, kind: SpanKind, context: SpanContext, parent: SpanContext | None
    ) -> None:
        self._recorder = recorder
        self._failed: int | None = None
        self.name = name
        self.kind = kind
        self.context = context
        self.parent = parent
        self.attributes: dict[str, str | int] = {}
        self.events: list[Event] = []
        self.is_failed = False
        self.began = time_ns()

    @property
    def is_kept(self) -> bool:
        return self.context.trace_flags.sampled

    @property
    def traceparent(self) -> str:
        # A tenth of the cost of the library's propagator.
        here = self.context
        return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"

    def of(self, items: int) -> OpenSpan:
        """A batch of so many. The span will tell how many of them failed."""
        self._failed = 0
        self.count(items)
        return self

    def count(self, items: int) -> None:
        self.attributes["gateway.batch.items"] = items

    def failed(self, index: int, item_id: str, failure: Failure) -> None:
        """An event, for the first hundred. The total becomes an attribute."""
        # A span per item would cost more than the item.
        self._failed = (self._failed or 0) + 1
        if self._failed <= self._recorder.most_events:
            attributes = _failure(index, item_id, failure)
            self.events.append(Event("item_failed", self._recorder.cut(attributes)))

    def end(self) -> None:
        if self._failed is not None:
            self.attributes["gateway.batch.failed"] = self._failed
        self._recorder.ended(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()


def _failure(index: int, item_id: str, failure: Failure) -> dict[str, str | int]:
    return {"index": index, "item_id": item_id, "code": failure.code, "outcome": str(failure.outcome)}
