from __future__ import annotations

from time import monotonic

import gevent
from gevent.event import Event

from gateway.serving.later import Later


def test_work_runs_once_when_its_time_has_come():
    times, ran = [], Event()
    later, began = Later(0.05), monotonic()

    later(lambda: (times.append(monotonic() - began), ran.set()))

    assert times == []
    assert ran.wait(10)
    gevent.sleep(0.15)
    assert len(times) == 1
    # The loop's clock stands since the turn began.
    assert times[0] > 0.04


def test_work_is_asked_for_again_and_again():
    ran, later = Event(), Later(0.01)

    for _ in range(3):
        ran.clear()
        later(ran.set)
        assert ran.wait(10)


def test_of_several_the_last_alone_runs():
    told, ran, later = [], Event(), Later(0.02)

    later(lambda: told.append("first"))
    later(lambda: (told.append("last"), ran.set()))

    assert ran.wait(10)
    gevent.sleep(0.06)
    assert told == ["last"]


def test_work_may_wait_for_others():
    ran, gate, later = Event(), Event(), Later(0.01)

    later(lambda: (gate.wait(), ran.set()))
    gevent.sleep(0.03)
    gate.set()

    assert ran.wait(10)
