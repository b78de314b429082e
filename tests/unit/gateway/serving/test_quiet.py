"""What can wait until the loop has nothing else to do waits so long, and no longer than it may."""

from __future__ import annotations

import time

import gevent
from gevent import socket

from gateway.serving.quiet import QuietMoment


def test_what_is_ready_goes_first():
    moment, told = QuietMoment(60.0), []
    near, far = socket.socketpair()

    def answer() -> None:
        for _ in range(20):
            told.append(near.recv(1))
            far.sendall(b"x")
        told.append("answered")

    answering = gevent.spawn(answer)
    gevent.sleep(0)
    far.sendall(b"x")
    moment.wait()
    told.append("quiet")
    answering.join()
    near.close()
    far.close()

    assert told[-2:] == ["answered", "quiet"]


def _busy(until: float) -> None:
    while time.monotonic() < until:
        gevent.sleep(0)
        gevent.idle(2)


def test_a_loop_that_is_never_quiet_holds_nobody_for_longer_than_that():
    moment, began = QuietMoment(0.05), time.monotonic()
    busy = gevent.spawn(_busy, began + 5.0)
    gevent.sleep(0)

    moment.wait()

    assert 0.04 < time.monotonic() - began < 3.0
    busy.kill()


def test_all_who_wait_go_on_in_one_turn_first_come_first():
    moment, turns = QuietMoment(60.0), []

    def wait(name: str) -> None:
        moment.wait()
        turns.append((name, gevent.get_hub().loop.iteration))

    gevent.joinall([gevent.spawn(wait, name) for name in "abc"], timeout=10, raise_error=True)

    assert [name for name, _ in turns] == ["a", "b", "c"]
    assert len({turn for _, turn in turns}) == 1


def test_who_is_ended_while_it_waits_holds_up_nobody():
    moment, told = QuietMoment(60.0), []

    def wait(name: str) -> None:
        moment.wait()
        told.append(name)

    waiting = [gevent.spawn(wait, name) for name in "abc"]
    gevent.sleep(0)
    waiting[0].kill()
    gevent.joinall(waiting, timeout=10, raise_error=True)
    moment.wait()

    assert told == ["b", "c"]
