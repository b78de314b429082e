"""A stream to the server: signs of life in silence, pieces that can be bounded in time, and an end whatever happens."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from gateway.api.stream import Stream
from gateway.batch.batch_claim import NoClaim
from gateway.batch.outcome import Verdict
from gateway.batch.summary import Summary
from gateway.serving.streamed import Streamed
from gateway.telemetry.details import BatchDetails
from legacy_client.calls import Update
from legacy_client.deadline import Deadline

_SECONDS = 30.0


class Batch:
    """A batch of ``outcomes``, each of which comes when ``let`` is released."""

    resource = SimpleNamespace(name="action", id_name="actionId")

    def __init__(self, *outcomes):
        self.calls = [Update(str(n), b"") for n in range(len(outcomes))]
        self.claim = NoClaim(len(outcomes))
        self.deadline = Deadline(_SECONDS)
        self.let = threading.Semaphore(0)
        self.told = 0
        self.run = self._outcomes(outcomes)

    def _outcomes(self, outcomes):
        for index, outcome in enumerate(outcomes):
            assert self.let.acquire(timeout=_SECONDS)
            yield index, outcome
            self.told += 1

    def report(self, kind):
        count = len(self.calls)
        details = BatchDetails(kind=kind, items=count, seconds=0, status=200, counts={("applied", "ok"): count})
        return Summary(Verdict(200), [], details)


@pytest.fixture
def left():
    """What is noted when the contexts of a batch are left."""
    return []


def started(batch, left, heartbeat_seconds=_SECONDS, marked=None):
    held = ExitStack()
    held.callback(left.append, "left")
    return Stream(batch, held, "the-one", marked or Streamed(), heartbeat_seconds)


def test_an_empty_line_comes_in_silence_and_again(left):
    batch = Batch(b"{}")
    stream = started(batch, left, heartbeat_seconds=0.01)
    pieces = iter(stream)

    assert next(pieces).startswith(b'{"total":1,')
    assert [next(pieces), next(pieces)] == [b"\n", b"\n"]
    batch.let.release()
    rest = b"".join(pieces)
    stream.close()
    assert [line for line in rest.split(b"\n") if line] == [
        b'{"index":0,"action":{}}',
        b'{"status":200,"succeeded":1,"failed":0,"unknown":0}',
    ]


def test_lines_that_are_there_when_the_last_one_is_leave_with_it_and_the_server_knows(left, monkeypatch):
    monkeypatch.setattr("gateway.api.lines._GAP_SECONDS", _SECONDS)
    batch, marked = Batch(b"{}", b"{}"), Streamed()
    batch.let.release(2)
    stream = started(batch, left, marked=marked)

    pieces = [(piece.count(b"\n"), marked.is_last) for piece in stream]
    stream.close()

    # The first line, and all others.
    assert pieces == [(1, False), (3, True)]


def test_what_was_sent_is_counted(left):
    batch = Batch(b"{}", b"{}")
    batch.let.release(2)
    stream = started(batch, left)

    pieces = list(stream)
    stream.close()

    assert stream.sent_bytes == sum(map(len, pieces)) == 135


def test_what_a_batch_holds_is_left_before_its_last_line(left):
    batch = Batch(b"{}")
    stream = started(batch, left)
    pieces = iter(stream)
    next(pieces)
    assert left == []

    batch.let.release()
    while b'"status"' not in next(pieces):
        pass

    assert left == ["left"]
    stream.close()


def test_a_stream_that_nobody_reads_leaves_what_its_batch_holds(left):
    batch = Batch(b"{}")
    stream = started(batch, left)

    stream.close()

    assert left == ["left"]
    assert batch.told == 0


def test_a_reader_who_leaves_ends_the_sending_and_the_rest_is_awaited(left):
    batch = Batch(b"{}", b"{}", b"{}")
    stream = started(batch, left)
    pieces = iter(stream)
    next(pieces)
    batch.let.release()
    next(pieces)
    batch.deadline.on_cancel(lambda: batch.let.release(2))

    stream.close()

    assert batch.deadline.stopped() == "client_gone"
    assert batch.told == 3
    assert left == ["left"]
    assert stream.summary is not None
