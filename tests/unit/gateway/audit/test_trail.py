from __future__ import annotations

import json
import threading

import pytest

from gateway.audit.trail import Trail
from tests.doubles.audit import MemorySink, ended


@pytest.fixture
def sink():
    return MemorySink()


@pytest.fixture
def make_trail(sink):
    trails = []

    def make(**options):
        trails.append(Trail(sink, **{"with_applied": True, **options}))
        return trails[-1]

    yield make
    for trail in trails:
        trail.close()


def ids(sink):
    return [json.loads(line)["items"][0][3] for line in sink.lines]


def events(caplog):
    return [record.message for record in caplog.records if record.message.startswith("audit_")]


def test_batches_are_written_in_their_order_by_another_thread(sink, make_trail):
    writers = []
    trail = make_trail(aside=lambda work: (writers.append(threading.current_thread().name), work()))
    for number in range(3):
        trail.batch_ended(ended(str(number)))
    assert sink.lines == []

    trail.close()

    assert ids(sink) == [["0"], ["1"], ["2"]]
    assert trail.waiting == 0


def test_the_end_lets_go_of_the_sink(sink, make_trail):
    make_trail().close()

    assert sink.is_closed


def test_what_is_put_is_written_without_a_close(sink, make_trail):
    written = threading.Event()
    trail = make_trail(aside=lambda work: (work(), written.set()))

    trail.batch_ended(ended("1"))

    assert written.wait(20)
    assert ids(sink) == [["1"]]


def test_a_sink_that_fails_loses_nothing_and_is_told_once_and_once_when_it_is_back(sink, make_trail, caplog):
    trail = make_trail()
    sink.reason = "ENOSPC (No space left on device)"
    for number in range(2):
        trail.batch_ended(ended(str(number)))
        trail.write_now()
    assert (events(caplog), trail.waiting) == (["audit_unavailable"], 0)

    sink.reason = ""
    trail.write_now()

    assert ids(sink) == [["0"], ["1"]]
    assert events(caplog) == ["audit_unavailable", "audit_available"]


def test_what_a_failing_sink_has_written_is_not_written_again(sink, make_trail):
    trail = make_trail()
    for number in range(3):
        trail.batch_ended(ended(str(number)))
    sink.reason, sink.takes = "ENOSPC (No space left on device)", 2
    trail.write_now()

    sink.reason = ""
    trail.write_now()

    assert (ids(sink), trail.lost, trail.waiting) == ([["0"], ["1"], ["2"]], 0, 0)


def test_what_waits_is_bounded_and_the_number_of_lost_lines_is_told(sink, make_trail, caplog):
    one = len(json.dumps("x"))
    trail = make_trail(most_bytes=1000 * one)
    sink.reason = "down"
    trail.write_now()
    for number in range(30):
        trail.batch_ended(ended(f"{number:04}"))
    trail.write_now()
    sink.reason = ""
    trail.write_now()

    kept = [each for [each] in ids(sink)]
    [back] = [record for record in caplog.records if record.message == "audit_available"]
    assert kept == [f"{number:04}" for number in range(30 - len(kept), 30)]
    assert 0 < len(kept) < 30
    assert back.lost == 30 - len(kept)


def test_that_lines_are_lost_is_told_once_an_outage_and_all_are_counted(sink, make_trail, caplog):
    # Room for one line.
    trail = make_trail(most_bytes=300)
    for outage in (1, 2):
        sink.reason = "down"
        for _ in range(4):
            trail.batch_ended(ended("1"))
            trail.write_now()
        assert (trail.is_down, trail.lost) == (True, 3 * outage)
        sink.reason = ""
        trail.write_now()

    assert events(caplog) == ["audit_unavailable", "audit_lines_lost", "audit_available"] * 2
    assert [record.lost for record in caplog.records if record.message == "audit_available"] == [3, 3]


def test_a_worker_that_stops_tells_what_it_could_not_write(sink, make_trail, caplog):
    trail = make_trail()
    sink.reason = "ENOSPC (No space left on device)"
    for number in range(3):
        trail.batch_ended(ended(str(number)))

    trail.close()

    assert events(caplog) == ["audit_unavailable", "audit_lines_lost"]
    assert (caplog.records[-1].lines, trail.lost, trail.waiting) == (3, 3, 0)


def test_a_batch_that_cannot_be_told_changes_nothing_for_its_caller(sink, make_trail, caplog):
    trail = make_trail()
    trail.batch_ended(ended("1"))
    trail.batch_ended(ended("2", seconds=None))
    trail.batch_ended(ended("3"))

    trail.close()

    assert ids(sink) == [["1"], ["3"]]
    assert events(caplog) == ["audit_line_failed"]


def test_what_waits_behind_a_write_that_hangs_is_bounded_too(sink, make_trail):
    began, may_end = threading.Event(), threading.Event()

    def hang(work):
        began.set()
        may_end.wait(20)
        work()

    # Room for one line.
    trail = make_trail(most_bytes=300, aside=hang)
    trail.batch_ended(ended("0"))
    assert began.wait(20)

    for number in range(1, 65):
        trail.batch_ended(ended(str(number)))
    lost = trail.lost
    may_end.set()
    trail.close()

    assert lost == 63
    assert ids(sink) == [["0"], ["64"]]
