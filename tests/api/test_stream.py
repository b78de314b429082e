"""A batch's answer as lines (contract 1.4): told as it happens, in the same words as the plain answer."""

from __future__ import annotations

import gc
import time
import weakref

import pytest

from gateway.api import stream
from gateway.telemetry.context import request_context
from legacy_client import errors as core
from tests.doubles.service import assert_problem
from tests.doubles.streams import STREAM, by_index, lines_in, lines_of, streamed

A, B, C = ({"actionId": str(n), "status": "active"} for n in (1, 2, 3))
KEY = {"Idempotency_Key": "batch-1"}
_SECONDS = 30.0


def test_a_stream_has_a_first_line_one_for_each_item_and_a_last(service):
    service.core.script = {"2": core.NotFound(404)}

    answer, (first, *items, last) = streamed(service, A, B, C)

    assert (answer.status_code, answer.content_type) == (200, "application/x-ndjson")
    assert first == {"total": 3, "request_id": answer.headers["X-Request-ID"]}
    assert sorted(items, key=lambda item: item["index"]) == [
        {"index": 0, "action": {"actionId": "1", "status": "active"}},
        {
            "index": 1,
            "error": {
                "index": 1,
                "actionId": "2",
                "status": 404,
                "code": "not_found",
                "detail": "Action 2 was not found.",
                "outcome": "not_applied",
                "retryable": False,
            },
        },
        {"index": 2, "action": {"actionId": "3", "status": "active"}},
    ]
    assert last == {"status": 207, "succeeded": 2, "failed": 1, "unknown": 0}


def test_nothing_between_holds_a_stream_back_or_changes_it(service):
    answer, _ = streamed(service, A)

    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Cache-Control"] == "no-store, no-transform"
    assert "Content-Length" not in answer.headers
    assert "Content-Encoding" not in answer.headers


def test_a_batch_is_free_when_its_stream_was_closed_without_the_collector(service, monkeypatch):
    streams = []

    class Seen(stream.Stream):
        def __init__(self, *given):
            super().__init__(*given)
            streams.append(weakref.ref(self))

    monkeypatch.setattr(stream, "Stream", Seen)
    gc.disable()
    try:
        answer, lines = streamed(service, A, B)
        del answer
        assert len(lines) == 4
        # Its thread may take a moment more to end.
        ends_at = time.monotonic() + 5
        while streams[0]() is not None and time.monotonic() < ends_at:
            time.sleep(0.001)
        assert streams[0]() is None
    finally:
        gc.enable()


LAST_LINES = {
    "all updated": ({}, {"status": 200, "succeeded": 2, "failed": 0, "unknown": 0}),
    "none known": (
        {"1": core.NotFound(404), "2": core.NotFound(404)},
        {"status": 404, "succeeded": 0, "failed": 2, "unknown": 0},
    ),
    "one unknown": ({"2": core.BrokenOff()}, {"status": 207, "succeeded": 1, "failed": 0, "unknown": 1}),
    "time ran out": (
        {"1": core.TimedOut(), "2": core.Stopped("deadline")},
        {"status": 504, "succeeded": 0, "failed": 1, "unknown": 1, "not_sent": {"deadline": 1}},
    ),
    "busy": (
        {"1": core.Busy(503, retry_after=7), "2": core.Busy(503)},
        {"status": 503, "succeeded": 0, "failed": 2, "unknown": 0, "retry_after": 7},
    ),
    "a stop": (
        {"1": core.Stopped("shutting_down"), "2": core.Stopped("shutting_down")},
        {
            "status": 503,
            "succeeded": 0,
            "failed": 2,
            "unknown": 0,
            "not_sent": {"shutting_down": 2},
            "retry_after": 1,
        },
    ),
}


@pytest.mark.parametrize(("script", "last"), LAST_LINES.values(), ids=LAST_LINES.keys())
def test_the_last_line_has_the_status_and_counts_that_add_up(service, script, last):
    service.core.script = script

    _, (*_, told) = streamed(service, A, B)

    assert told == last


def test_each_line_comes_when_its_call_was_answered(held):
    answer = held.patch(A, B, **STREAM)
    lines = lines_in(answer.iter_encoded())

    assert next(lines)["total"] == 2
    held.held.let.release()
    assert next(lines)["index"] == 1
    held.held.let.release()
    assert [next(lines)["index"], next(lines)["status"]] == [0, 200]
    answer.close()


def test_a_batch_is_under_way_until_its_stream_has_ended(held):
    answer = held.patch(A, **STREAM)
    taken = answer.iter_encoded()
    next(taken)
    before = held.client.get("/metrics").text
    held.held.let.release()
    list(taken)
    answer.close()

    assert "gateway_batches_in_flight 1.0" in before
    assert "gateway_batches_in_flight 0.0" in held.client.get("/metrics").text


@pytest.mark.parametrize(
    ("headers", "body", "status", "slug"),
    [
        ({"Authorization": None}, None, 401, "invalid-token"),
        ({}, '{"data": [{"actionId": "x"}]}', 400, "validation-failed"),
        ({}, "{", 400, "invalid-json"),
        ({"Content_Type": "text/plain"}, None, 415, "unsupported-media-type"),
        ({"Idempotency_Key": "é"}, None, 400, "bad-request"),
    ],
)
def test_what_is_refused_is_refused_before_the_first_line(service, headers, body, status, slug):
    assert_problem(service.patch(A, body=body, **STREAM, **headers), status, slug)

    assert service.core.calls == []


def test_a_rate_and_a_key_refuse_before_the_first_line_too(make_service):
    service = make_service(rate_limit="1/hour")
    streamed(service, A, **KEY)

    assert_problem(service.patch(B, **STREAM, **KEY), 422, "idempotency-key-reused")
    assert_problem(service.patch(B, **STREAM), 429, "quota-exceeded")


def test_a_key_in_use_is_a_409_and_the_last_line_gives_it_back(held):
    answer = held.patch(A, **STREAM, **KEY)
    lines = lines_in(answer.iter_encoded())
    next(lines)

    in_use = held.patch(A, **KEY)
    held.held.let.release()
    while "status" not in next(lines):
        pass
    replay = held.patch(A, **KEY)
    answer.close()

    assert_problem(in_use, 409, "in-progress")
    assert (replay.status_code, replay.headers["Idempotency-Replayed"]) == (200, "true")


def test_a_replay_streams_the_stored_result_without_a_call(service):
    service.core.script = {"2": core.Rejected(422, errors={"due_at": ["late"]})}
    _, first = streamed(service, A, B, C, **KEY)
    service.core.calls.clear()

    answer, again = streamed(service, A, B, C, **KEY)

    assert answer.headers["Idempotency-Replayed"] == "true"
    assert by_index(again) == by_index(first)
    assert again[-1] == first[-1]
    assert service.core.calls == []


def test_what_is_not_final_is_completed_by_a_stream(service):
    service.core.script = {"2": core.Busy(503), "3": core.Stopped("deadline")}
    streamed(service, A, B, C, **KEY)
    service.core.script.clear()
    service.core.calls.clear()

    answer, lines = streamed(service, A, B, C, **KEY)

    assert answer.headers["Idempotency-Resumed"] == "2"
    assert sorted(call.id for call in service.core.calls) == ["2", "3"]
    assert lines[-1] == {"status": 200, "succeeded": 3, "failed": 0, "unknown": 0}


def test_a_stream_of_which_nothing_was_sent_leaves_its_key_free(service):
    service.core.script = {"1": core.Unreachable()}
    streamed(service, A, **KEY)
    service.core.script.clear()

    assert service.patch(B, **KEY).status_code == 200


def test_a_dry_run_has_the_first_and_the_last_line_and_makes_no_call(service):
    answer = service.patch(A, B, query="?dry_run=true", **STREAM)

    first, last = lines_of(answer)
    assert (answer.status_code, answer.content_type) == (200, "application/x-ndjson")
    assert first["total"] == 2
    assert last == {"status": 200, "succeeded": 0, "failed": 0, "unknown": 0, "validated": 2}
    assert service.core.calls == []


def test_prefer_wait_bounds_a_stream_and_is_told_in_its_head(service):
    answer, _ = streamed(service, A, Prefer="wait=3")

    assert answer.headers["Preference-Applied"] == "wait=3"
    assert service.core.contexts[0].deadline.remaining() <= 3


def test_the_request_line_is_written_when_the_stream_has_ended_with_its_counts(held, caplog):
    caplog.set_level("INFO")

    def ended():
        return [record for record in caplog.records if record.message == "request_ended"]

    answer = held.patch(A, B, **STREAM)
    taken = answer.iter_encoded()
    body = next(taken)
    assert ended() == []
    held.held.script = {"1": core.NotFound(404)}
    held.held.let.release(2)
    body += b"".join(taken)
    answer.close()

    [line] = ended()
    told = {
        name: getattr(line, name) for name in ("status", "kind", "items", "succeeded", "failed", "codes", "sent_bytes")
    }
    assert told == {
        "status": 200,
        "kind": "stream",
        "items": 2,
        "succeeded": 1,
        "failed": 1,
        "codes": "not_found:1",
        "sent_bytes": len(body),
    }


def test_lines_of_the_log_about_a_streams_items_have_its_request_id(service, caplog):
    service.core.script = {"1": core.NotFound(404)}
    ids = []

    def note(record):
        if record.getMessage() == "item_failed":
            ids.append(request_context.get())
        return True

    # All tests of a process share the handler.
    caplog.handler.addFilter(note)
    try:
        streamed(service, A, X_Request_ID="the-one")
    finally:
        caplog.handler.removeFilter(note)

    assert ids == ["the-one"]
