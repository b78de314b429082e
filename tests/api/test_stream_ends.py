"""A stream whose client leaves, whose run or record fails: each item is accounted for, and its key."""

from __future__ import annotations

import json
import threading
import time

from gateway.admission.idempotency.errors import StoreUnavailable
from gateway.admission.idempotency.sqlite_record import SqliteRecord
from tests.doubles.streams import STREAM, by_index, lines_in, streamed

A, B, C = ({"actionId": str(n), "status": "active"} for n in (1, 2, 3))
KEY = {"Idempotency_Key": "batch-1"}
_SECONDS = 30.0


def test_a_client_that_leaves_before_the_first_line_leaves_its_key_free(service):
    answer = service.patch(A, **STREAM, **KEY)
    answer.close()

    assert service.core.calls == []
    assert service.patch(B, **KEY).status_code == 200


def test_a_client_that_leaves_amid_the_stream_gets_its_record_all_the_same(held):
    answer = held.patch(A, B, C, **STREAM, **KEY)
    taken = answer.iter_encoded()
    held.held.let.release(3)
    next(taken)
    next(taken)
    answer.close()
    calls = len(held.held.calls)

    again = held.patch(A, B, C, **KEY)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert [action["actionId"] for action in again.get_json()["data"]] == ["1", "2", "3"]
    assert len(held.held.calls) == calls == 3
    assert held.held.contexts[0].deadline.stopped() in {None, "client_gone"}


def test_a_client_that_leaves_amid_the_stream_has_nothing_new_sent(held):
    answer = held.patch(A, B, C, **STREAM)
    taken = answer.iter_encoded()
    next(taken)
    held.held.let.release(1)
    next(taken)
    # It waits until the calls in flight have ended.
    leaving = threading.Thread(target=answer.close)
    leaving.start()

    [context] = held.held.contexts
    give_up = time.monotonic() + _SECONDS
    while (reason := context.deadline.stopped()) is None and time.monotonic() < give_up:
        time.sleep(0.01)
    held.held.let.release(2)
    leaving.join(_SECONDS)

    assert reason == "client_gone"


def test_a_fault_amid_the_run_tells_each_item_and_ends_with_a_last_line(held, caplog):
    answer = held.patch(A, B, C, **STREAM)
    taken = answer.iter_encoded()
    next(taken)
    held.held.let.release()
    told = json.loads(next(taken))
    held.held.fault = ZeroDivisionError()
    held.held.let.release()
    *rest, last = lines_in(taken)
    answer.close()

    assert told["index"] == 2
    assert sorted((line["index"], line["error"]["code"], line["error"]["outcome"]) for line in rest) == [
        (0, "internal_error", "unknown"),
        (1, "internal_error", "unknown"),
    ]
    assert last == {"status": 207, "succeeded": 1, "failed": 0, "unknown": 2}
    assert "batch_failed" in [record.message for record in caplog.records]


def test_a_fault_of_the_stream_itself_is_its_last_line(service, monkeypatch, caplog):
    def fail(*_arguments, **_named):
        raise ZeroDivisionError

    monkeypatch.setattr("gateway.batch.run.verdict", fail)

    answer, (*items, last) = streamed(service, A, B)

    assert answer.status_code == 200
    assert len(by_index(items)) == 2
    assert last == {"status": 500, "succeeded": 2, "failed": 0, "unknown": 0, "code": "internal_error"}
    assert "stream_failed" in [record.message for record in caplog.records]


def test_a_record_that_the_store_could_not_take_is_told_in_the_last_line(held, monkeypatch):
    answer = held.patch(A, **STREAM, **KEY)
    taken = answer.iter_encoded()
    next(taken)

    def refuse(*_arguments, **_named):
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(SqliteRecord, "close", refuse)
    held.held.let.release()
    *_, last = lines_in(taken)
    answer.close()

    assert last == {"status": 200, "succeeded": 1, "failed": 0, "unknown": 0, "idempotency_kept": False}
