from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, ParentBasedTraceIdRatio
from opentelemetry.trace import StatusCode
from werkzeug.wsgi import ClosingIterator

from gateway.batch.outcome import ItemError
from gateway.item_codes import Applied
from gateway.telemetry.instruments import connect_traces
from gateway.telemetry.recorder import Recorder
from gateway.telemetry.spans import OpenTelemetryTraces, Roots, sampler
from gateway.telemetry.traces import NoTraces
from tests.doubles.telemetry import a_request

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from gateway.telemetry.details import RequestDetails

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
LEFT_OUT = CALLER[:-2] + "00"
# Words of the core and of the gateway that belong to the caller or to operators.
TELLING = ItemError(
    status=422,
    code="rejected",
    detail="secret",
    outcome=Applied.NOT_APPLIED,
    errors={"title": ["secret"]},
    reason="secret",
    message="secret",
)
NOT_FOUND = ItemError(status=404, code="not_found", detail="", outcome=Applied.NOT_APPLIED)


class Exported:
    """Traces, and the spans that have ended."""

    def __init__(self, share: float | None = None) -> None:
        self._exporter = InMemorySpanExporter()
        ids = RandomIdGenerator()
        roots = None if share is None else Roots(share, ids)
        by_share = DEFAULT_ON if share is None else ParentBasedTraceIdRatio(share)
        processor = SimpleSpanProcessor(self._exporter)
        recorder = Recorder(processor, by_share, Resource({}), ids)
        self.traces = OpenTelemetryTraces(recorder, roots=roots)

    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans()}

    def request(self, application: Any, **environ: str) -> list[bytes]:
        """What the server does with one request."""
        answer = self.traces.application(application)({"REQUEST_METHOD": "PATCH", **environ}, lambda *_: None)
        try:
            return list(answer)
        finally:
            getattr(answer, "close", bool)()


class Ending:
    """An application that only tells how its request ended."""

    def __init__(self, exported: Exported, details: RequestDetails) -> None:
        self._exported = exported
        self._details = details

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self._exported.traces.request_ended(self._details)
        return [b"ok"]


class EndingLate(Ending):
    """The same of a stream: it tells when its answer is closed."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        def close() -> None:
            self._exported.traces.request_ended(self._details)

        return ClosingIterator(iter([b"ok"]), close)


def _ids(traceparent: str) -> tuple[str, str]:
    _version, trace_id, span_id, _flags = traceparent.split("-")
    return trace_id, span_id


@pytest.fixture
def exported() -> Exported:
    return Exported()


@pytest.mark.parametrize("ending", [Ending, EndingLate])
def test_a_request_is_a_span_within_the_callers_trace(exported: Exported, ending: type[Ending]) -> None:
    assert exported.request(ending(exported, a_request(principal_id="p1")), HTTP_TRACEPARENT=CALLER) == [b"ok"]

    span = exported.spans()["PATCH /openapi/api/v1/actions"]
    assert f"{span.context.trace_id:032x}" == CALLER.split("-")[1]
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == CALLER.split("-")[2]
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 200
    assert span.attributes["enduser.id"] == "p1"
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("given", ["", "garbage", "00-0-0-00"])
def test_without_a_readable_context_the_request_starts_a_trace(exported: Exported, given: str) -> None:
    exported.request(lambda *_: [], HTTP_TRACEPARENT=given)

    assert exported.spans()["PATCH"].parent is None


def test_the_application_is_handed_the_requests_own_context(exported: Exported) -> None:
    seen = {}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return []

    exported.request(application, HTTP_TRACEPARENT=CALLER)

    assert _ids(seen["HTTP_TRACEPARENT"]) == (CALLER.split("-")[1], f"{exported.spans()['PATCH'].context.span_id:016x}")


def test_a_5xx_marks_the_span_as_failed_and_a_4xx_does_not(exported: Exported) -> None:
    for status in (404, 502):
        exported.request(Ending(exported, a_request(route=f"/{status}", status=status)))

    spans = exported.spans()
    assert spans["PATCH /404"].status.status_code is StatusCode.UNSET
    assert spans["PATCH /502"].status.status_code is StatusCode.ERROR


def test_a_span_ends_when_the_server_is_done_with_the_answer(exported: Exported) -> None:
    closed = []

    class Chunks(list[bytes]):
        def close(self) -> None:
            closed.append(exported.spans().get("PATCH"))

    exported.request(lambda *_: Chunks([b"a", b"b"]))

    assert closed == [None]
    assert "PATCH" in exported.spans()


def test_a_span_ends_with_an_application_that_raises(exported: Exported) -> None:
    with pytest.raises(ZeroDivisionError):
        exported.traces.application(lambda *_: 1 / 0)({"REQUEST_METHOD": "PATCH"}, lambda *_: None)  # type: ignore[arg-type]  # planted

    assert "PATCH" in exported.spans()


def test_a_step_is_a_span_below_the_request(exported: Exported) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with exported.traces.span("validation") as span:
            span.count(2)
        return []

    exported.request(application)

    spans = exported.spans()
    assert spans["validation"].parent == spans["PATCH"].context
    assert spans["validation"].attributes == {"gateway.batch.items": 2}


def test_a_step_goes_on_with_the_trace_that_it_is_given(exported: Exported) -> None:
    with exported.traces.span("chunk", within=CALLER) as span:
        pass

    chunk = exported.spans()["chunk"]
    assert chunk.parent is not None
    assert (f"{chunk.parent.trace_id:032x}", f"{chunk.parent.span_id:016x}") == _ids(CALLER)
    assert _ids(span.traceparent) == (CALLER.split("-")[1], f"{chunk.context.span_id:016x}")


def test_a_step_of_a_trace_that_was_left_out_records_nothing_and_says_so_to_the_core(exported: Exported) -> None:
    with exported.traces.span("chunk", within=LEFT_OUT) as span:
        pass

    assert exported.spans() == {}
    assert _ids(span.traceparent)[0] == _ids(CALLER)[0]
    assert span.traceparent.endswith("-00")


def test_a_step_that_fails_leaves_none_of_its_values_in_the_trace(exported: Exported) -> None:
    with pytest.raises(TypeError), exported.traces.span("validation"):
        raise TypeError("not a list of secret values")

    assert "secret" not in exported.spans()["validation"].to_json()


def test_the_fan_out_is_a_span_with_an_event_per_failed_item_and_no_payload(exported: Exported) -> None:
    with exported.traces.span("fan_out", items=3) as step:
        step.failed(1, "99", TELLING)

    span = exported.spans()["fan_out"]
    assert span.attributes == {"gateway.batch.items": 3, "gateway.batch.failed": 1}
    assert [(event.name, dict(event.attributes or {})) for event in span.events] == [
        ("item_failed", {"index": 1, "item_id": "99", "code": "rejected", "outcome": "not_applied"})
    ]
    assert "secret" not in span.to_json()


def test_a_fan_out_without_a_failure_says_so(exported: Exported) -> None:
    with exported.traces.span("fan_out", items=3):
        pass

    assert exported.spans()["fan_out"].attributes == {"gateway.batch.items": 3, "gateway.batch.failed": 0}


def test_the_fan_out_has_a_context_of_its_own_below_the_requests(exported: Exported) -> None:
    seen = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with exported.traces.span("fan_out", items=1) as span:
            seen.append(span.traceparent)
        return []

    exported.request(application)

    fan_out = exported.spans()["fan_out"].context
    assert _ids(seen[0]) == (f"{fan_out.trace_id:032x}", f"{fan_out.span_id:016x}")
    assert exported.spans()["fan_out"].parent == exported.spans()["PATCH"].context


def test_a_request_that_the_caller_left_out_records_nothing_and_tells_the_core(exported: Exported) -> None:
    seen = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with exported.traces.span("fan_out", items=2) as span:
            span.failed(1, "99", NOT_FOUND)
            seen.append(span.traceparent or environ["HTTP_TRACEPARENT"])
        return []

    exported.request(application, HTTP_TRACEPARENT=LEFT_OUT)

    assert exported.spans() == {}
    assert seen[0].split("-")[1] == LEFT_OUT.split("-")[1]
    assert seen[0].endswith("-00")


def test_what_a_request_has_not_is_no_attribute(exported: Exported) -> None:
    exported.request(Ending(exported, a_request(principal_id="", problem="")))

    attributes = exported.spans()["PATCH /openapi/api/v1/actions"].attributes or {}
    assert not {"enduser.id", "gateway.problem"} & set(attributes)


def test_events_of_a_large_batch_are_bounded_and_the_count_is_not(exported: Exported) -> None:
    with exported.traces.span("fan_out", items=500) as step:
        for index in range(500):
            step.failed(index, str(index), NOT_FOUND)

    span = exported.spans()["fan_out"]
    assert len(span.events) == 100
    assert (span.attributes or {})["gateway.batch.failed"] == 500


def test_a_step_that_is_given_up_ends_its_span(exported: Exported) -> None:
    def stream() -> Any:
        with exported.traces.span("fan_out", items=2):
            yield 1
            yield 2

    given_up = stream()
    next(given_up)
    given_up.close()

    assert "fan_out" in exported.spans()


def test_of_requests_whose_caller_has_not_decided_a_tenth_is_traced() -> None:
    by_default = sampler({})

    kept = [by_default.should_sample(None, trace_id=i << 54, name="").decision.is_sampled() for i in range(1024)]
    assert sum(kept) == 103


def test_the_library_keeps_the_traces_that_are_not_left_out_and_no_other() -> None:
    roots, by_share = Roots(0.5, RandomIdGenerator()), ParentBasedTraceIdRatio(0.5)
    kept, left_out = [], []
    while min(len(kept), len(left_out)) < 50:
        if isinstance(drawn := roots.next(), int):
            kept.append(drawn)
        else:
            left_out.append(int(_ids(drawn)[0], 16))

    assert len({*kept, *left_out}) == len(kept) + len(left_out)
    assert all(by_share.should_sample(None, one, name="").decision.is_sampled() for one in kept)
    assert not any(by_share.should_sample(None, one, name="").decision.is_sampled() for one in left_out)


def test_a_request_that_is_left_out_records_nothing_and_hands_on_a_new_trace_that_says_so() -> None:
    exported, seen = Exported(share=0), []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with exported.traces.span("fan_out", items=2) as span:
            span.failed(1, "99", NOT_FOUND)
        exported.traces.request_ended(a_request())
        seen.append((environ["HTTP_TRACEPARENT"], span.traceparent))
        return [b"ok"]

    handed_on = [exported.traces.application(application)({"REQUEST_METHOD": "PATCH"}, bool) for _ in range(2)]

    (first, of_span), (second, _) = seen
    assert handed_on == [[b"ok"], [b"ok"]]
    assert exported.spans() == {}
    assert re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00", first)
    assert first != second
    assert of_span == ""


def test_what_a_caller_traces_is_traced_after_a_request_that_was_left_out() -> None:
    exported = Exported(share=0)

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        with exported.traces.span("fan_out", items=2):
            return ClosingIterator(iter([b"ok"]))

    exported.request(application)
    exported.request(application, HTTP_TRACEPARENT=CALLER)

    assert {f"{span.context.trace_id:032x}" for span in exported.spans().values()} == {CALLER.split("-")[1]}
    assert set(exported.spans()) == {"PATCH", "fan_out"}


def test_a_request_that_is_kept_is_traced_as_any() -> None:
    exported = Exported(share=1)

    exported.request(Ending(exported, a_request()))

    assert exported.spans()["PATCH /openapi/api/v1/actions"].parent is None


def test_what_is_sampled_is_opentelemetrys_variable_where_it_is_set() -> None:
    assert sampler({"OTEL_TRACES_SAMPLER": "always_on"}) is None


def test_what_is_bounded_is_opentelemetrys_variables_where_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SPAN_EVENT_COUNT_LIMIT", "2")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3")
    exported = Exported()

    with exported.traces.span("fan_out", items=5) as step:
        for index in range(5):
            step.failed(index, "99999", NOT_FOUND)

    events = exported.spans()["fan_out"].events
    assert [dict(event.attributes or {}) for event in events] == [
        {"index": 0, "item_id": "999", "code": "not", "outcome": "not"},
        {"index": 1, "item_id": "999", "code": "not", "outcome": "not"},
    ]


def test_opentelemetrys_own_switch_turns_traces_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")

    assert isinstance(connect_traces(enabled=True, version="1"), NoTraces)


def test_a_callers_state_of_the_trace_goes_on_to_the_spans_below(exported: Exported) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with exported.traces.span("validation"):
            return []

    exported.request(application, HTTP_TRACEPARENT=CALLER, HTTP_TRACESTATE="vendor=1")

    assert [span.context.trace_state.get("vendor") for span in exported.spans().values()] == ["1", "1"]


def test_after_its_request_a_trace_is_left(exported: Exported) -> None:
    exported.request(lambda *_: [], HTTP_TRACEPARENT=CALLER)
    with exported.traces.span("chunk"):
        pass

    assert exported.spans()["chunk"].parent is None


def test_switched_off_the_application_is_not_wrapped_and_steps_record_nothing() -> None:
    traces = connect_traces(enabled=False, version="1")

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return []

    assert isinstance(traces, NoTraces)
    with traces.span("fan_out", items=2) as span:
        assert span.traceparent == ""
    assert traces.application(application) is application
