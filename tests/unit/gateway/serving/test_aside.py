from __future__ import annotations

import threading

import gevent
import pytest

from gateway.serving.aside import aside


def test_the_loop_goes_on_while_work_is_slow_and_waits_for_it_aside():
    told, done = [], threading.Event()
    others = gevent.spawn_later(0.01, lambda: (told.append("others"), done.set()))

    aside(lambda: (done.wait(20), told.append("work")))

    others.join()
    assert told == ["others", "work"]


def test_what_it_raises_is_raised_and_printed_nowhere(capfd):
    def fail():
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        aside(fail)
    assert capfd.readouterr() == ("", "")
